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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Estimators, windows and resumption of the evaluate command. */
class EvaluateCommandTest {
  @TempDir static Path folder;
  private static String model;
  private static String corpus;

  @BeforeAll
  static void train() throws IOException {
    model = Dllm.tinyModel(folder).toString();
    corpus = folder.resolve("corpus.txt").toString();
  }

  /** With one thread: a tiny model is fastest so, and on a busy machine by far. */
  private static String[] args(String... more) {
    List<String> all = new ArrayList<>(List.of("evaluate", "--model", model, "--corpus", corpus));
    all.addAll(List.of(more));
    if (!all.contains("--threads")) {
      all.addAll(List.of("--threads", "1"));
    }
    return all.toArray(String[]::new);
  }

  private static JsonNode evaluate(String options) throws IOException {
    return done(args((options + " --json").split(" "))).json();
  }

  /** Each estimator is a number of its own; where two are the same thing they agree to the bit. */
  @Test
  void everyEstimatorAndPlanMatters() throws IOException {
    Map<Double, String> numbers = new HashMap<>();
    for (String options :
        List.of(
            "nelbo",
            "chain-rule",
            "steps:2",
            "steps:5",
            "steps:5 --plan cosine",
            "samples:3",
            "samples:3,steps:5",
            "samples:3,steps:5 --plan cosine",
            "chain-rule --seed 1")) {
      JsonNode said = evaluate("--blocks 8 --estimator " + options);
      double nats = said.get("nats_per_token").asDouble();
      assertEquals(null, numbers.put(nats, options), options + " is like " + numbers.get(nats));
      assertEquals(8 * 16, said.get("tokens").asInt());
      assertEquals(8, said.get("blocks").asInt());
      assertTrue(said.get("standard_error").asDouble() > 0);
      String claim = options.startsWith("chain") ? "exact along an order" : "bound";
      assertEquals(claim, said.get("claim").asText());
    }
    JsonNode chain = evaluate("--blocks 8 --estimator chain-rule").get("nats_per_token");
    assertEquals(chain, evaluate("--blocks 8 --estimator samples:1").get("nats_per_token"));
    assertEquals(chain, evaluate("--blocks 8 --estimator steps:16").get("nats_per_token"));
    assertEquals(
        evaluate("--blocks 8 --estimator steps:5").get("nats_per_token"),
        evaluate("--blocks 8 --estimator samples:1,steps:5").get("nats_per_token"));
    // The measured curve of this little trained model is flat: the optimal plan is balanced.
    JsonNode optimal = evaluate("--blocks 8 --estimator steps:5 --plan optimal");
    assertEquals("N-step bound, 5 optimal steps per block", optimal.get("estimator").asText());
    assertEquals(
        evaluate("--blocks 8 --estimator steps:5").get("nats_per_token"),
        optimal.get("nats_per_token"));
    assertEquals(
        "N-step bound, 5 cosine steps per block",
        evaluate("--blocks 2 --estimator steps:5 --plan cosine").get("estimator").asText());
  }

  @Test
  void theTextSaysWhatThePerplexityIs() {
    assertTrue(done(args("--blocks", "2")).out().contains("perplexity at most"));
    assertTrue(
        done(args("--blocks", "2", "--estimator", "chain-rule"))
            .out()
            .contains("along a random order"));
    String ngram = "evaluate --baseline ngram:2 --part validation --corpus " + corpus;
    refused(new String[] {"102 characters", "need 1024"}, ngram.split(" "));
    assertTrue(done((ngram + " --validation-fraction 0.6").split(" ")).out().contains("exact"));
  }

  /** Float rounding aside, threads change nothing. */
  @Test
  void threadsChangeNothing() throws IOException {
    double one = evaluate("--blocks 4 --threads 1").get("nats_per_token").asDouble();
    double two = evaluate("--blocks 4 --threads 2").get("nats_per_token").asDouble();
    assertEquals(one, two, 1e-6 * one);
  }

  /** Windows stay within documents; every token of each counts once. */
  @Test
  void windowsScoreEveryTokenOnce() throws IOException {
    Path texts = Files.createDirectories(folder.resolve("texts"));
    Files.writeString(texts.resolve("a.txt"), "the cat sat on the mat and the dog sat on the log.");
    Files.writeString(texts.resolve("b.txt"), "the dog");
    List<String> base =
        List.of(
            "evaluate", "--model", model, "--corpus", texts.toString(), "--json", "--threads", "1");
    Map<Double, Integer> numbers = new HashMap<>();
    for (int stride : new int[] {16, 8, 1}) {
      for (String estimator : List.of("nelbo", "chain-rule", "steps:5", "samples:2")) {
        List<String> all = new ArrayList<>(base);
        all.addAll(List.of("--stride", String.valueOf(stride), "--estimator", estimator));
        JsonNode said = done(all.toArray(String[]::new)).json();
        // 50 characters and the end token, then 7: after the first 16 in strides, and one window.
        assertEquals(51 + 7, said.get("tokens").asInt());
        int windows = 1 + (51 - 16 + stride - 1) / stride + 1;
        assertEquals(windows, said.get("blocks").asInt());
        numbers.put(said.get("nats_per_token").asDouble(), stride);
      }
    }
    assertEquals(12, numbers.size());
    assertEquals(3, evaluate("--stride 4 --blocks 3").get("blocks").asInt());
  }

  private static ObjectNode read(Path file) throws IOException {
    return (ObjectNode) Json.MAPPER.readTree(Files.readString(file));
  }

  /** A file cut back to its first blocks, as a killed run leaves it, ends with the same bits. */
  @ParameterizedTest
  @ValueSource(strings = {"nelbo", "chain-rule", "steps:5", "samples:2 --stride 8"})
  void aResumedRunEndsWithTheSameBits(String options) throws IOException {
    Path file = folder.resolve("result " + options.replace(':', '-') + ".json");
    String[] run = args(("--blocks 9 --json --estimator " + options).split(" "));
    run =
        Stream.concat(Arrays.stream(run), Stream.of("--out", file.toString()))
            .toArray(String[]::new);
    Dllm whole = done(run);
    String bytes = Files.readString(file);
    ObjectNode document = read(file);
    assertTrue(document.get("complete").asBoolean());
    assertEquals(9, document.get("nats_of_blocks").size());
    assertEquals(whole.json(), document.get("result"));
    assertEquals(done(args(("--blocks 9 --json --estimator " + options).split(" "))), whole);
    for (int kept : new int[] {0, 4, 9}) {
      ArrayNode nats = Json.MAPPER.createArrayNode();
      for (int i = 0; i < kept; i++) {
        nats.add(document.get("nats_of_blocks").get(i));
      }
      ObjectNode cut = document.deepCopy();
      cut.set("nats_of_blocks", nats);
      cut.put("complete", false);
      cut.putObject("result");
      Files.writeString(file, cut.toString());
      Dllm resumed =
          done(Stream.concat(Arrays.stream(run), Stream.of("--resume")).toArray(String[]::new));
      assertEquals(whole.out(), resumed.out());
      assertEquals(bytes, Files.readString(file), "kept " + kept);
    }
  }

  /** kill -9 while it runs. */
  @Test
  void aKilledRunEndsWithTheSameBits() throws Exception {
    String[] options = {"--blocks", "40", "--estimator", "samples:12"};
    Dllm whole = done(args(options));
    Path file = folder.resolve("killed.json");
    String[] run =
        Stream.concat(Arrays.stream(args(options)), Stream.of("--out", file.toString()))
            .toArray(String[]::new);
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
    command.addAll(List.of(run));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("fork.out").toFile())
            .start();
    // The file is there before the first block; a file with some blocks is cut in another test.
    while (process.isAlive() && !Files.exists(file)) {
      Thread.sleep(5);
    }
    process.destroyForcibly();
    process.waitFor();
    ObjectNode left = read(file);
    assertFalse(
        left.get("complete").asBoolean(), "the run was over before it could be interrupted");
    assertTrue(left.get("nats_of_blocks").size() < 40);
    refused(new String[] {"--out", "is already there", "--resume"}, run);
    Dllm resumed =
        done(Stream.concat(Arrays.stream(run), Stream.of("--resume")).toArray(String[]::new));
    assertEquals(whole.out(), resumed.out());
    assertEquals(40, read(file).get("nats_of_blocks").size());
    try (Stream<Path> files = Files.list(folder)) {
      assertFalse(files.anyMatch(f -> f.toString().endsWith(".tmp")));
    }
  }

  /** A file goes on only with the run that began it. */
  @Test
  void anotherRunIsNotResumed() throws IOException {
    Path file = folder.resolve("mine.json");
    String[] run = args("--blocks", "4", "--out", file.toString());
    Path nothing = folder.resolve("nothing.json");
    refused(
        new String[] {"--resume", "nothing.json"}, args("--out", nothing.toString(), "--resume"));
    done(run);
    String[][] others = {
      {"seed must be 0", "--seed", "1"},
      {"estimator must be NELBO by 16", "--counts", "4"},
      {"estimator must be NELBO by 16", "--estimator", "chain-rule"},
      {"length must be 16", "--length", "8"},
      {"stride must be absent", "--stride", "8"},
      {"part must be all", "--part", "train"},
      {"corpus_sha256 must be", "--text8"},
      {"blocks", "--blocks", "5"},
    };
    for (String[] other : others) {
      List<String> all = new ArrayList<>(List.of(args("--out", file.toString(), "--resume")));
      if (!other[1].equals("--blocks")) {
        all.addAll(List.of("--blocks", "4"));
      }
      all.addAll(Arrays.asList(other).subList(1, other.length));
      refused(new String[] {"--resume", other[0]}, all.toArray(String[]::new));
    }
    ObjectNode document = read(file);
    ((ObjectNode) document.get("provenance")).put("model_sha256", "another");
    Files.writeString(file, document.toString());
    refused(
        new String[] {"model_sha256 must be another"},
        args("--blocks", "4", "--out", file.toString(), "--resume"));
    Files.writeString(file, "{\"seed\": 1}");
    refused(
        new String[] {"mine.json is not of dllm evaluate"},
        args("--blocks", "4", "--out", file.toString(), "--resume"));
  }

  /** Infinity, which JSON has no number for, is kept. */
  @Test
  void infiniteLossesAreKept() throws IOException {
    Path file = folder.resolve("infinite.json");
    Map<String, String> provenance = Map.of("seed", "0");
    EvaluationFile begun = EvaluationFile.of(file, false, provenance, 3);
    begun.add(Double.POSITIVE_INFINITY);
    begun.add(0.1 + 0.2);
    begun.finish(Map.of("perplexity", 2.0));
    EvaluationFile again = EvaluationFile.of(file, true, provenance, 3);
    assertEquals(2, again.done());
    assertEquals(Double.POSITIVE_INFINITY, again.nats()[0]);
    assertEquals(0.1 + 0.2, again.nats()[1]);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--estimator must be nelbo, chain-rule | --estimator exactly",
        "--estimator must be | --estimator steps:",
        "must be 1 to 16, the tokens of a block, got 17 | --estimator steps:17",
        "must be 1 to 8, the tokens of a block, got 9 | --estimator samples:2,steps:9 --length 8",
        "must be 1 to 16, the tokens of a block, got 0 | --estimator steps:0",
        "needs K at least 1 | --estimator samples:0",
        "--plan is for | --plan cosine",
        "--plan is for | --estimator samples:2 --plan cosine",
        "--plan must be balanced, cosine or optimal | --estimator steps:2 --plan front",
        "--plan optimal is for | --estimator steps:2 --plan optimal --stride 8",
        "--plan optimal is for | --estimator steps:2 --plan optimal --length 8",
        "--counts is for --estimator nelbo | --estimator chain-rule --counts 4",
        "--stride must be 1 to 16 | --stride 17",
        "--stride must be 1 to 16 | --stride 0",
        "they make 1 windows, 2 are needed | --stride 4 --blocks 1",
        "--grid is for models of uniform noise | --estimator steps:2 --grid uniform",
        "--resume needs --out | --resume",
        "--stride is for models | --baseline ngram:2 --part validation --stride 4",
        "--estimator is for models | --baseline ngram:2 --part validation --estimator nelbo",
        "--out is for models | --baseline ngram:2 --part validation --out x.json"
      })
  void impossibleOptionsAreRefused(String says, String options) {
    List<String> all = new ArrayList<>(List.of("evaluate", "--corpus", corpus));
    if (!options.contains("--baseline")) {
      all.addAll(List.of("--model", model));
    }
    all.addAll(List.of(options.split(" ")));
    refused(new String[] {says}, all.toArray(String[]::new));
  }

  @Test
  void uniformNoiseHasItsOwnBounds() throws IOException {
    Path other = Files.createDirectories(folder.resolve("uniform"));
    String uniform = Dllm.tinyModel(other, "--process", "uniform").toString();
    String[] base = {
      "evaluate", "--model", uniform, "--corpus", corpus, "--json", "--threads", "1"
    };
    String[][] refusals = {
      {"--estimator must be nelbo or steps:N for", "--estimator chain-rule"},
      {"--plan is for masking models", "--estimator steps:3 --plan cosine"},
      {"--grid must be log-linear", "--estimator steps:3 --grid square"},
      {"--grid is for --estimator steps:N", "--grid uniform"},
      {"must be 1 to 100,000, got 0", "--estimator steps:0"},
    };
    for (String[] refusal : refusals) {
      refused(
          new String[] {refusal[0]},
          Stream.concat(Arrays.stream(base), Arrays.stream(refusal[1].split(" ")))
              .toArray(String[]::new));
    }
    Map<Double, String> numbers = new HashMap<>();
    for (String options :
        List.of("steps:4", "steps:9", "steps:4 --grid uniform", "steps:4 --grid geometric")) {
      String[] more = ("--blocks 4 --estimator " + options).split(" ");
      JsonNode said =
          done(Stream.concat(Arrays.stream(base), Arrays.stream(more)).toArray(String[]::new))
              .json();
      assertEquals(null, numbers.put(said.get("nats_per_token").asDouble(), options));
      assertTrue(said.get("estimator").asText().startsWith("N-step bound"), said.toString());
    }
    JsonNode windows =
        done(Stream.concat(Arrays.stream(base), Stream.of("--stride", "8", "--blocks", "6"))
                .toArray(String[]::new))
            .json();
    assertEquals("bound", windows.get("claim").asText());
    assertTrue(windows.get("leave_one_out_dependence").isNumber());
  }
}
