package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code dllm steps --model} on tiny models. */
class StepsModelCommandTest {
  @TempDir static Path folder;
  private static Path model;
  private static Path reader;
  private static Path uniform;

  @BeforeAll
  static void train() throws IOException {
    model = Dllm.tinyModel(folder, "--threads", "1");
    reader = other("reader", "--process", "autoregressive");
    uniform = other("uniform", "--process", "uniform");
  }

  /** A model of another kind on the same text. */
  private static Path other(String name, String... more) throws IOException {
    Path out = folder.resolve(name);
    List<String> all =
        new ArrayList<>(
            List.of("train", "--corpus", corpus(), "--out", out.toString(), "--tokenizer", "char"));
    all.addAll(
        List.of(
            ("--layers 1 --width 16 --heads 2 --length 16 --batch 8 --steps 5 --precision fp32"
                    + " --threads 1")
                .split(" ")));
    all.addAll(List.of(more));
    done(all.toArray(String[]::new));
    return out;
  }

  private static String corpus() throws IOException {
    return Dllm.corpus(folder).toString();
  }

  private static String[] args(Path with, String out, String options) throws IOException {
    List<String> all =
        new ArrayList<>(List.of("steps", "--model", with.toString(), "--corpus", corpus()));
    all.addAll(List.of("--out", folder.resolve(out).toString()));
    all.addAll(List.of("--validation-fraction", "0.2", "--threads", "1"));
    if (!options.contains("--samples ")) {
      all.addAll(List.of("--samples", "3"));
    }
    all.addAll(List.of(options.split(" ")));
    return all.toArray(String[]::new);
  }

  private static JsonNode report(String name) throws IOException {
    return Json.MAPPER.readTree(Files.readString(folder.resolve(name).resolve("steps.json")));
  }

  private static List<JsonNode> rows(JsonNode report, String sampler) {
    List<JsonNode> rows = new ArrayList<>();
    for (JsonNode row : report.get("rows")) {
      if (row.get("sampler").asText().equals(sampler)) {
        rows.add(row);
      }
    }
    return rows;
  }

  private static JsonNode withoutTimes(JsonNode report) {
    JsonNode copy = report.deepCopy();
    for (JsonNode list : List.of(copy.get("rows"), copy.get("tables").path("pooled"))) {
      for (JsonNode row : list) {
        ((ObjectNode) row).remove(List.of("seconds", "tokens_per_second"));
      }
    }
    return copy;
  }

  @Test
  void measuresSamplersBesideTheDataAndABaseline() throws IOException {
    String options =
        "--samplers mask-predictor/balanced,tweedie+gibbs,first-hitting --steps 2,4 --blocks 2"
            + " --seeds 1,2 --temperature 1,0.5 --judge ngram:3 --baseline "
            + reader;
    Dllm run = done(args(model, "full", options + " --json"));
    JsonNode report = report("full");
    assertEquals(report, run.json());
    JsonNode data = rows(report, "held-out text").get(0);
    assertEquals(3, data.get("samples").asInt());
    assertEquals("the data", data.get("reference").asText());
    assertTrue(data.get("generative_perplexity").asDouble() > 1);
    JsonNode unigrams = rows(report, "judge's unigrams").get(0);
    double nats = Math.log(unigrams.get("generative_perplexity").asDouble());
    assertEquals(nats / Math.log(2), unigrams.get("bits_per_character").asDouble(), 1e-12);
    // Two seeds at (2, 4) steps and temperature 1, and at 4 steps and temperature 0.5.
    List<JsonNode> balanced = rows(report, "mask-predictor/balanced");
    assertEquals(6, balanced.size());
    assertEquals(6, rows(report, "tweedie+gibbs").size());
    assertEquals(4, rows(report, "first-hitting").size());
    assertEquals(4, rows(report, "autoregressive").size());
    assertEquals(16, rows(report, "autoregressive").get(0).get("steps").asInt());
    assertEquals(8, report.get("tables").get("pooled").size() - 2 - 2, "without data and reader");
    JsonNode first = balanced.get(0);
    assertEquals("1", first.get("seed").asText());
    assertEquals(2, first.get("evaluations").asDouble(), 0);
    assertEquals(0, first.get("empty").asInt());
    for (String key :
        List.of("nll_nats_per_token", "measured_kl_nats", "predicted_kl_nats", "distinct_2")) {
      assertTrue(first.has(key) && first.has(key + "_low"), key);
    }
    assertTrue(first.get("seconds").asDouble() > 0);
    assertFalse(balanced.get(5).has("nll_nats_per_token"), "another temperature, another law");
    assertFalse(rows(report, "tweedie+gibbs").get(0).has("nll_nats_per_token"));
    assertEquals(0, rows(report, "first-hitting").get(0).get("measured_kl_nats").asDouble(), 0);
    String html = Files.readString(folder.resolve("full/report.html"));
    assertFalse(html.matches("(?s).*(src|href)=\"(?!data:).*"));
    assertTrue(html.contains("Every cell: variety"));
    assertTrue(html.contains("All seeds together: judged"));
    assertTrue(Files.readString(folder.resolve("full/steps.csv")).contains("# model_sha256: "));
  }

  /** What is left of a run that was killed after three cells, and what it becomes. */
  @Test
  void aKilledRunIsResumedToTheSameFiles() throws IOException {
    String options = "--samplers tweedie,confidence --steps 2,3 --blocks 2";
    done(args(model, "whole", options));
    ObjectNode half = (ObjectNode) report("whole");
    Files.createDirectories(folder.resolve("killed"));
    ArrayNode rows = (ArrayNode) half.get("rows");
    while (rows.size() > 3) {
      rows.remove(3);
    }
    half.put("complete", false);
    Files.writeString(folder.resolve("killed/steps.json"), half.toString());
    refused(
        new String[] {"--resume: samples must be 3", "got 4"},
        args(model, "killed", options + " --resume --samples 4"));
    refused(new String[] {"already holds a run"}, args(model, "killed", options));
    Dllm resumed = done(args(model, "killed", options + " --resume"));
    assertFalse(resumed.err().contains("3 of 6"), resumed.err());
    assertTrue(resumed.err().contains("4 of 6: tweedie, 3 steps"), resumed.err());
    assertEquals(withoutTimes(report("whole")), withoutTimes(report("killed")));
    List<String> whole = Files.readAllLines(folder.resolve("whole/steps.csv"));
    List<String> killed = Files.readAllLines(folder.resolve("killed/steps.csv"));
    assertEquals(whole.size(), killed.size());
    assertEquals(whole.get(0), killed.get(0), "the command is that of the first run");
  }

  @Test
  void anAutoregressiveJudgeIsABaselineToo() throws IOException {
    done(
        args(
            model,
            "judged",
            "--samplers first-hitting --blocks 0 --length 8 --seed 5 --judge " + reader));
    JsonNode report = report("judged");
    assertEquals("5", rows(report, "first-hitting").get(0).get("seed").asText());
    assertFalse(rows(report, "first-hitting").get(0).has("nll_nats_per_token"));
    JsonNode own = rows(report, "autoregressive").get(0);
    assertEquals(8, own.get("steps").asInt());
    assertTrue(own.get("reference").asText().startsWith("one token per step"));
    assertTrue(report.get("provenance").has("judge_sha256"));
    assertTrue(
        Files.readString(folder.resolve("judged/report.html")).contains("judged by DiT " + reader));
  }

  @Test
  void uniformModelsHaveTheirOwnSamplers() throws IOException {
    done(args(uniform, "noise", "--samplers tweedie,euler/geometric+gibbs*2 --steps 2"));
    JsonNode report = report("noise");
    assertEquals(2, rows(report, "tweedie").get(0).get("evaluations").asDouble(), 0);
    assertEquals(4, rows(report, "euler/geometric+gibbs*2").get(0).get("evaluations").asDouble());
    assertFalse(rows(report, "tweedie").get(0).has("predicted_kl_nats"));
    String information = report.get("provenance").get("information_sha256").asText();
    assertTrue(information.matches("[0-9a-f]{64}"), "training leaves the rates: " + information);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--samplers tweedie --process masking|--process is for --distribution",
        "--samplers tweedie --samples 1|--samples must be 2",
        "--samplers tweedie --blocks 1|--blocks must be 0",
        "--samplers tweedie --seeds 1,1|--seeds must differ",
        "--samplers tweedie --seeds 1 --seed 2|--seed or --seeds",
        "--samplers tweedie --temperature 0|--temperature must be above 0",
        "--samplers tweedie --temperature 1,1|--temperature must differ",
        "--samplers tweedie --judge ngram:99|--judge ngram:N",
        "--samplers tweedie --judge nowhere|nowhere",
        "--samplers tweedie --judge ngram12|ngram12",
        "--samplers tweedie --length 99|--length must be 1 to 16",
        "--samplers maximal-coupling|sampler must be one of",
        "--steps 2|--samplers is missing"
      })
  void refusesInOneLine(String options, String says) throws IOException {
    refused(new String[] {says}, args(model, "refused", options));
    assertFalse(Files.exists(folder.resolve("refused")));
  }

  @Test
  void modelsAndLawsDoNotMix() throws IOException {
    refused(new String[] {"--model must denoise"}, args(reader, "refused", "--samplers tweedie"));
    refused(
        new String[] {"autoregressive"},
        args(model, "refused", "--samplers tweedie --judge " + uniform));
    refused(
        new String[] {"--blocks is for masking models"},
        args(uniform, "refused", "--samplers tweedie --blocks 4"));
    refused(
        new String[] {"--model is for models"},
        args(model, "refused", "--samplers tweedie --distribution product:d=2"));
    refused(
        new String[] {"--corpus is missing"},
        "steps",
        "--samplers",
        "tweedie",
        "--out",
        folder.resolve("refused").toString());
  }
}
