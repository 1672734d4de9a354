import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.Tool;
import java.util.ArrayList;
import java.util.List;

/** A loop in which the model calls tools, and then answers. A call is always a valid one. */
public final class ToolLoop {
  private static final List<Tool> TOOLS =
      List.of(
          new Tool(
              "add",
              """
              {"type": "object", "required": ["a", "b"], "properties": {
                "a": {"type": "integer", "minimum": 0, "maximum": 99},
                "b": {"type": "integer", "minimum": 0, "maximum": 99}}}
              """),
          new Tool(
              "count",
              """
              {"type": "object", "required": ["word"], "properties": {
                "word": {"enum": ["ark", "dove", "flood"]}}}
              """));

  public static void main(String[] args) throws Exception {
    List<Message> messages = new ArrayList<>();
    messages.add(Message.user("How many beasts went in, two and two?"));
    try (TextGenerator generator = TextGenerator.bundled()) {
      for (int turn = 0; turn < 2; turn++) {
        GenerationRequest call =
            GenerationRequest.messages(messages)
                .withSteps(4)
                .withSeed(turn)
                .withConstraint(Constraint.toolCall(TOOLS));
        String said = generator.generate(call).completion();
        messages.add(Message.assistant(said));
        messages.add(Message.tool(answer(new ObjectMapper().readTree(said))));
      }
      GenerationRequest last = GenerationRequest.messages(messages).withSteps(8);
      messages.add(Message.assistant(generator.generate(last).completion().strip()));
    }
    messages.forEach(message -> System.out.println(message.role() + " " + message.content()));
  }

  private static String answer(JsonNode call) {
    JsonNode with = call.get("arguments");
    return switch (call.get("name").asText()) {
      case "add" -> String.valueOf(with.get("a").asInt() + with.get("b").asInt());
      default -> String.valueOf(with.get("word").asText().length());
    };
  }
}
