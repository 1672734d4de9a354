package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.djl.SamplingTimes;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.eval.bench.Probe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Files of the commands that say null where a value is wanted: refused in one line. */
class JsonTest {
  private static final String INTERNALS =
      ".*(Deserialization|Coercion|JsonToken|io\\.github|java\\.|Creator|REDACTED).*";

  @TempDir private Path folder;

  private static void refuses(Path file, Executable reading) {
    String message = String.valueOf(assertThrows(IOException.class, reading).getMessage());
    assertEquals(1, message.lines().count(), message);
    assertTrue(message.contains(file.toString()) && message.matches(".*[Nn]ull.*"), message);
    assertFalse(message.matches(INTERNALS), message);
  }

  @Test
  void settingsOfTraining() throws IOException {
    Path file = folder.resolve("training.json");
    TrainingSettings settings = new TrainingSettings("/", List.of("train", "x"), 3, "fp32", 0.05);
    settings.write(folder);
    assertEquals(settings, TrainingSettings.read(folder));
    String json = Files.readString(file);
    for (String was : List.of("\"x\"", "3", "\"/\"")) {
      Files.writeString(file, json.replace(was, "null"));
      refuses(file, () -> TrainingSettings.read(folder));
    }
    Files.writeString(file, "null");
    refuses(file, () -> TrainingSettings.read(folder));
    Files.writeString(file, json.replaceFirst("\"folder\" : [^\n]*\n", ""));
    assertEquals("", TrainingSettings.read(folder).folder(), "as older files have none");
  }

  @Test
  void resultsOfEvaluation() throws IOException {
    Path file = folder.resolve("e.json");
    Map<String, String> provenance = Map.of("seed", "0");
    EvaluationFile begun = EvaluationFile.of(file, false, provenance, 2);
    begun.add(0.25);
    begun.finish(Map.of("perplexity", 2.0));
    assertEquals(1, EvaluationFile.of(file, true, provenance, 2).done());
    String json = Files.readString(file);
    for (String value : List.of("\"0\"", "0.25")) {
      assertTrue(json.contains(value), json);
      Files.writeString(file, json.replace(value, "null"));
      refuses(file, () -> EvaluationFile.of(file, true, provenance, 2));
    }
    Files.writeString(file, "null");
    refuses(file, () -> EvaluationFile.of(file, true, provenance, 2));
  }

  /** A standard error that there is none of does not stop a run from being resumed. */
  @Test
  void whatIsNotKnownIsResumed() throws IOException {
    Path file = folder.resolve("unknown.json");
    Map<String, String> provenance = Map.of("seed", "0");
    EvaluationFile begun = EvaluationFile.of(file, false, provenance, 1);
    begun.add(Double.POSITIVE_INFINITY);
    begun.finish(Map.of("standard_error", Double.NaN));
    assertTrue(Files.readString(file).contains("\"standard_error\" : null"));
    assertEquals(1, EvaluationFile.of(file, true, provenance, 1).done());
  }

  private record Numbers(
      double one, Double boxed, double[] many, List<Double> list, Estimate within) {}

  /** Whatever a command says: null of what is not known, the name of what is infinite. */
  @Test
  void numbersThatJsonHasNot() throws IOException {
    double nan = Double.NaN;
    Estimate one = Estimate.of(2);
    Numbers numbers = new Numbers(nan, nan, new double[] {nan, 1.5}, List.of(nan, 2.0), one);
    Map<String, Object> document = new HashMap<>();
    document.put("value", nan);
    document.put("infinite", new double[] {1 / 0.0, -1 / 0.0});
    document.put("record", numbers);
    document.put("deep", List.of(Map.of("deeper", new double[][] {{nan}, {0.1 + 0.2}})));
    JsonNode said = Json.MAPPER.readTree(Json.text(document));
    String wanted =
        """
        {"value":null,"infinite":["Infinity","-Infinity"],
        "record":{"one":null,"boxed":null,"many":[null,1.5],"list":[null,2.0],
        "within":{"mean":2.0,"standard_error":null,"count":1}},
        "deep":[{"deeper":[[null],[0.30000000000000004]]}]}
        """;
    assertEquals(Json.MAPPER.readTree(wanted), said);
  }

  /** Processes of the benchmark report to each other in JSON; not every system says its memory. */
  @Test
  void memoryThatIsNotKnownIsPassedOn() throws IOException {
    SamplingTimes times = new SamplingTimes(1, 0, 0, 0, 1, 0, 0, 0, 0);
    Probe.Result result = new Probe.Result(times, Double.NaN, Double.NaN, 1, 2, 3);
    assertEquals(result, Json.MAPPER.readValue(Json.text(result), Probe.Result.class));
  }

  @Test
  void tablesOfLaws() throws IOException {
    Path file = folder.resolve("law.json");
    for (String bad :
        List.of("null", "{\"length\":1,\"vocabulary\":2,\"probabilities\":[1,null]}")) {
      Files.writeString(file, bad);
      refused(
          new String[] {"law.json", "null"},
          ("exact --process masking --sampler tweedie --steps 1 --distribution " + file)
              .split(" "));
    }
  }

  /** Every other kind of value where one is wanted, and files that are no text at all. */
  @Test
  void reasonsAreForPeople() throws IOException {
    Path file = folder.resolve("training.json");
    new TrainingSettings("/", List.of("train", "x"), 3, "fp32", 0.05).write(folder);
    String json = Files.readString(file);
    for (String value : List.of("1.5", "[]", "{}", "\"x\"", "true")) {
      for (String was : List.of("3", "[ \"train\", \"x\" ]", "0.05")) {
        assertTrue(json.contains(was), json);
        Files.writeString(file, json.replace(was, value));
        if (!(was.equals("0.05") && value.equals("1.5"))
            && !(was.startsWith("[") && value.equals("[]"))) {
          String message =
              String.valueOf(
                  assertThrows(IOException.class, () -> TrainingSettings.read(folder))
                      .getMessage());
          assertFalse(message.matches(INTERNALS), message);
        }
      }
    }
    for (String bad :
        List.of(
            "3",
            "[]",
            "\"x\"",
            json.replace("steps", "stairs"),
            "{}",
            "{",
            json.substring(0, 40))) {
      Files.writeString(file, bad);
      String message =
          String.valueOf(
              assertThrows(IOException.class, () -> TrainingSettings.read(folder)).getMessage());
      assertFalse(message.matches(INTERNALS), message);
    }
    Files.write(file, new byte[] {(byte) 0xC3, (byte) 0x28});
    assertEquals(
        file + " is not UTF-8 text",
        assertThrows(IOException.class, () -> TrainingSettings.read(folder)).getMessage());
  }
}
