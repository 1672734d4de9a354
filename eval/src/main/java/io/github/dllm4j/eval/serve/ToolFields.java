package io.github.dllm4j.eval.serve;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tool;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code tools} and {@code tool_choice}. A call is forced by a constraint, so that it is always one
 * of a tool that is there, with arguments that its schema allows. As the models here were not
 * taught when to call, {@code auto} means: call one, unless a tool has just answered.
 */
final class ToolFields {
  private ToolFields() {}

  /** The calls that the reply must be one of; empty if it is text. */
  static Optional<Constraint> call(Fields fields, List<Message> messages) {
    List<Tool> tools = tools(fields);
    fields.flag("parallel_tool_calls"); // allows several calls, and one keeps to it
    Optional<JsonNode> choice = fields.any("tool_choice");
    if (tools.isEmpty()) {
      if (choice.isPresent() && !choice.get().asText().equals("none")) {
        throw Refusal.invalid("tool_choice needs tools");
      }
      return Optional.empty();
    }
    boolean answered = messages.get(messages.size() - 1).role().equals(Message.Role.TOOL);
    if (choice.isPresent() && choice.get().isObject()) {
      return Optional.of(Constraint.toolCall(List.of(named(choice.get(), tools))));
    }
    String word = choice.map(JsonNode::asText).orElse("auto");
    return switch (word) {
      case "none" -> Optional.empty();
      case "auto" -> answered ? Optional.empty() : Optional.of(Constraint.toolCall(tools));
      case "required" -> Optional.of(Constraint.toolCall(tools));
      default ->
          throw Refusal.invalid(
              "tool_choice must be none, auto, required or a function, got %s", word);
    };
  }

  private static List<Tool> tools(Fields fields) {
    Optional<JsonNode> list = fields.any("tools");
    List<Tool> tools = new ArrayList<>();
    if (list.isPresent()) {
      if (!list.get().isArray()) {
        throw Refusal.invalid("tools must be a list");
      }
      for (int i = 0; i < list.get().size(); i++) {
        tools.add(tool(new Fields(list.get().get(i), "tools[" + i + "]")));
      }
    }
    return tools;
  }

  private static Tool tool(Fields fields) {
    String type = fields.requiredText("type");
    if (!type.equals("function")) {
      throw Refusal.invalid("%s must be function, got %s", fields.name("type"), type);
    }
    Fields function =
        fields
            .object("function")
            .orElseThrow(() -> Refusal.invalid("%s is missing", fields.name("function")));
    fields.end();
    String name = function.requiredText("name");
    function.text("description");
    function.flag("strict");
    String arguments =
        function
            .any("parameters")
            .map(JsonNode::toString)
            .orElse("{\"type\":\"object\",\"properties\":{}}");
    function.end();
    return new Tool(name, arguments);
  }

  private static Tool named(JsonNode choice, List<Tool> tools) {
    Fields fields = new Fields(choice, "tool_choice");
    fields.requiredText("type");
    Fields function =
        fields
            .object("function")
            .orElseThrow(() -> Refusal.invalid("tool_choice.function is missing"));
    String name = function.requiredText("name");
    function.end();
    fields.end();
    return tools.stream()
        .filter(tool -> tool.name().equals(name))
        .findFirst()
        .orElseThrow(() -> Refusal.invalid("tool_choice names %s, which is no tool", name));
  }

  /** Calls that the assistant made before, as it wrote them. */
  static String said(JsonNode calls) {
    StringBuilder text = new StringBuilder();
    for (JsonNode call : calls) {
      JsonNode function = call.path("function");
      text.append("{\"name\":")
          .append(function.path("name"))
          .append(",\"arguments\":")
          .append(function.path("arguments").asText())
          .append('}');
    }
    return text.toString();
  }
}
