import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Reads sentences into forms. Whatever the model says, a form is one that its schema allows. */
public final class FormFiller {
  private static final String SCHEMA =
      """
      {"type": "object", "required": ["name", "age"], "properties": {
        "name": {"enum": ["Noah", "Moses", "Sarah"]},
        "age": {"type": "integer", "minimum": 1, "maximum": 969}}}
      """;

  public static void main(String[] args) throws Exception {
    List<String> sentences =
        List.of(
            "And Noah was six hundred years old when the flood of waters was upon the earth.",
            "And Moses was an hundred and twenty years old when he died.",
            "And Sarah was an hundred and seven and twenty years old.");
    Constraint form = Constraint.jsonSchema(SCHEMA).greedy();
    try (TextGenerator generator = TextGenerator.bundled()) {
      List<Generation> generations = new ArrayList<>();
      for (String sentence : sentences) { // all three are filled in the same network calls
        generations.add(
            generator.submit(
                GenerationRequest.prompt(sentence + " ")
                    .withLength(64)
                    .withSteps(4)
                    .withConstraint(form)
                    .withDeadline(Duration.ofMinutes(5))));
      }
      for (Generation generation : generations) {
        JsonNode filled = new ObjectMapper().readTree(generation.result().completion());
        System.out.println(filled.get("name").asText() + " is " + filled.get("age").asInt());
      }
    }
  }
}
