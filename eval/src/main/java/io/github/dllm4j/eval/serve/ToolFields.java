package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.Chat.ToolChoice;
import io.github.dllm4j.engine.constrain.Tool;
import java.util.List;
import java.util.Optional;

/**
 * {@code tools} and {@code tool_choice}.
 *
 * @param tools that the reply may call
 * @param choice whether it does
 */
record ToolFields(List<Tool> tools, ToolChoice choice) {

  static ToolFields read(Fields fields) {
    List<Tool> tools = fields.list("tools").stream().map(ToolFields::tool).toList();
    fields.flag("parallel_tool_calls"); // allows several calls, and one keeps to it
    Optional<JsonNode> choice = fields.any("tool_choice");
    if (choice.isPresent() && choice.get().isObject()) {
      Tool named = named(new Fields(choice.get(), "tool_choice"), tools);
      return new ToolFields(List.of(named), ToolChoice.REQUIRED);
    }
    String word = choice.map(JsonNode::asText).orElse("auto");
    return new ToolFields(
        tools,
        switch (word) {
          case "none" -> ToolChoice.NONE;
          case "auto" -> ToolChoice.AUTO;
          case "required" -> ToolChoice.REQUIRED;
          default ->
              throw Refusal.invalid(
                  "tool_choice must be none, auto, required or a function, got %s", word);
        });
  }

  private static Tool tool(Fields fields) {
    String type = fields.requiredText("type");
    if (!type.equals("function")) {
      throw Refusal.invalid("%s must be function, got %s", fields.name("type"), type);
    }
    Fields function = fields.requiredObject("function");
    fields.end();
    String name = function.requiredText("name");
    function.text("description");
    function.flag("strict");
    Optional<JsonNode> arguments = function.any("parameters");
    function.end();
    return arguments.map(schema -> new Tool(name, schema.toString())).orElse(new Tool(name));
  }

  private static Tool named(Fields choice, List<Tool> tools) {
    choice.requiredText("type");
    Fields function = choice.requiredObject("function");
    String name = function.requiredText("name");
    function.end();
    choice.end();
    List<Tool> so = tools.stream().filter(tool -> tool.name().equals(name)).toList();
    if (so.size() != 1) {
      throw Refusal.invalid(
          "tool_choice must name one tool, got %s for %d of them", name, so.size());
    }
    return so.get(0);
  }

  /** The calls that an assistant's message made, with whatever else clients keep of them. */
  static List<Tool.Call> made(Fields message) {
    return message.list("tool_calls").stream()
        .map(call -> call.requiredObject("function"))
        .map(call -> new Tool.Call(call.requiredText("name"), call.requiredText("arguments")))
        .toList();
  }
}
