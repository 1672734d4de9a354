package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.constrain.SchemaCheck;
import io.github.dllm4j.engine.constrain.Tool;
import io.github.dllm4j.engine.constrain.Tools;
import io.github.dllm4j.engine.oracle.Golden;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * Calls of three tools by the bundled model, which has never seen JSON: a thousand at one step and
 * some at up to eight, read by Jackson and checked against the schema by {@link SchemaCheck}; some
 * without the constraint for comparison.
 */
@Tag("slow")
class ToolCallStudyTest {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private static final int[] STEPS = {8, 4, 2, 1};
  private static final String PROMPT = "And the king said unto his servant, ";
  private static final int LENGTH = 96;

  private static boolean valid(String text, Map<String, Integer> names) {
    try {
      JsonNode call = JSON.readTree(text);
      for (Tool tool : Tools.TOOLS) {
        JsonNode schema = JSON.readTree(tool.arguments());
        if (call.isObject()
            && call.size() == 2
            && call.path("name").asText().equals(tool.name())
            && call.has("arguments")
            && SchemaCheck.valid(schema, schema, call.get("arguments"))) {
          names.merge(tool.name(), 1, Integer::sum);
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void everyCallParsesAndValidates(TestReporter reporter) throws IOException {
    Constraint call = Constraint.toolCall(Tools.TOOLS);
    try (TextGenerator generator = TextGenerator.bundled()) {
      GenerationRequest request = GenerationRequest.prompt(PROMPT).withLength(LENGTH);
      for (int steps : STEPS) {
        GenerationRequest some = request.withSteps(steps);
        report(reporter, generator, some.withConstraint(call), 1000, "calls");
        report(reporter, generator, some, 16, "unconstrained");
      }
      GenerationRequest surest =
          request.withSampler(PlanChoice.ofSampler("confidence")).withSteps(4);
      report(reporter, generator, surest.withConstraint(call), 16, "calls, confidence");
      report(reporter, generator, surest.withConstraint(call.greedy()), 1, "calls, greedy");
    }
  }

  private static void report(
      TestReporter reporter,
      TextGenerator generator,
      GenerationRequest request,
      int samples,
      String what) {
    Map<String, Integer> names = new TreeMap<>();
    long begin = System.nanoTime();
    List<GenerationResult.Text> texts = generator.generate(request.withSamples(samples)).samples();
    double seconds = (System.nanoTime() - begin) * 1e-9;
    long ok = texts.stream().filter(t -> valid(t.text().substring(PROMPT.length()), names)).count();
    Golden.say(
        reporter,
        what,
        String.format(
            Locale.ROOT,
            "%d steps: %d of %d valid, %.0f ms each, %s, such as %s",
            request.steps().orElse(0),
            ok,
            samples,
            1000 * seconds / samples,
            names,
            texts.get(0).text().substring(PROMPT.length())));
    if (request.constraint().isPresent()) {
      assertEquals(samples, ok);
    } else {
      assertTrue(ok < samples);
    }
  }
}
