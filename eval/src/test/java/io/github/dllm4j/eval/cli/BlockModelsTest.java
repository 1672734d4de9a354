package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A BD3LM, which writes block after block, through the commands that take a model. */
class BlockModelsTest {
  private static final Path MODEL =
      Path.of("..", "engine", "src", "test", "resources", "field", "bd3lm");

  @TempDir static Path folder;
  private static String corpus;

  @BeforeAll
  static void text() throws IOException {
    corpus = Dllm.corpus(folder).toString();
  }

  private static String[] command(String name, String args) {
    return Stream.concat(
            Stream.of(name, "--model", MODEL.toString()), Arrays.stream(args.split(" ")))
        .toArray(String[]::new);
  }

  private static JsonNode generated(String args) throws IOException {
    return done(command("generate", args + " --json")).json();
  }

  @Test
  void inspectSaysHowLongItsBlocksAre() throws IOException {
    JsonNode facts = done(command("inspect", "--json")).json();
    assertEquals(4, facts.get("block_length").asInt());
    assertEquals(15, facts.get("length").asInt());
    String out = folder.resolve("written").toString();
    refused(new String[] {"run as it is"}, command("convert", "--out " + out));
    refused(
        new String[] {"not trained and not written"}, command("export", "--to mdlm --out " + out));
  }

  /** Without steps one token at a time, which has no error of its own. */
  @Test
  void oneTokenAtATimeIsTheUsualWay() throws IOException {
    JsonNode made = generated("--prompt a --samples 2");
    assertEquals("first-hitting", made.get("sampler").asText());
    assertEquals("one by one in blocks of 4", made.get("plan").asText());
    assertEquals(0, made.get("predicted_kl_nats").asDouble());
    JsonNode text = made.get("samples").get(0);
    assertEquals(14, text.get("evaluations").asInt());
    assertEquals(14, text.get("steps").asInt());
    assertNotEquals(text.get("tokens"), made.get("samples").get(1).get("tokens"));
    assertEquals(
        text.get("tokens"),
        generated("--prompt a --block-length 4").get("samples").get(0).get("tokens"));
    JsonNode warm = generated("--prompt a --temperature 0.7");
    assertTrue(warm.get("predicted_kl_nats").isNull());
  }

  /** The steps of the whole text are shared out among its blocks: 3, 4, 4 and 4 holes. */
  @ParameterizedTest
  @CsvSource({
    "--steps 4, 4, balanced in blocks of 4",
    "--steps 8 --plan cosine, 8, cosine in blocks of 4",
    "--steps 15, 15, balanced in blocks of 4",
    "--steps 99, 15, balanced in blocks of 4",
    "--steps 9 --sampler confidence, 9, balanced in blocks of 4",
    "--steps 40 --sampler tweedie, 40, alpha-linear in blocks of 4",
    "--sampler threshold:0.9, 15, adaptive in blocks of 4",
    "--sampler entropy-bound:1, 15, adaptive in blocks of 4",
    "--steps 8 --sampler remask-cap, 8, alpha-linear in blocks of 4",
    "--steps 8 --sampler theta-trapezoidal, 8, alpha-linear in blocks of 4",
    "--steps 8 --sampler mask-predictor --corrector gibbs, 8, balanced in blocks of 4"
  })
  void everySamplerRunsInBlocks(String args, int steps, String plan) throws IOException {
    JsonNode made = generated(args);
    assertEquals(plan, made.get("plan").asText());
    JsonNode text = made.get("samples").get(0);
    assertEquals(steps, text.get("steps").asInt());
    assertEquals(15, text.get("tokens").size());
    assertEquals(
        steps == 15 && args.startsWith("--steps"), !made.get("predicted_kl_nats").isNull());
    assertTrue(text.get("evaluations").asInt() >= 4);
  }

  @Test
  void holesInOneBlockMayHaveTextAround() throws IOException {
    String text = generated("--template abcde{1}g").get("samples").get(0).get("text").asText();
    assertTrue(text.startsWith("abcde") && text.endsWith("g"), text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--template a{2}bcdefgh|given text must not stand in a block behind one with holes",
        "--block-length 8|blocks of 4 tokens by itself",
        "--block-length 8 --sampler confidence --steps 8|blocks of 4 tokens by itself",
        "--epsilon 1|steps are planned on the curve of a block, and the model has none",
        "--steps 3|15 holes in 4 blocks take at least 4 steps, got 3",
        "--sampler confidence|give the steps of confidence",
        "--sampler tweedie|planned for samplers with sizes: give the steps of tweedie",
        "--plan cosine|give the steps of mask-predictor",
        "--steps 8 --plan optimal|plan optimal is planned on the curve of a block",
        "--sampler dependence-bound:1|dependence-bound is measured on whole texts",
        "--steps 5 --sampler first-hitting|decides its steps itself",
        "--steps 8 --regex [a-z]+|constraints are for models that see the whole text",
        "--cache dual --block-length 4|--cache is for LLaDA and Dream",
        "--cache-refresh 2|--cache-refresh is for LLaDA and Dream",
        "--length 16|the model takes at most 15"
      })
  void whatDoesNotFitIsRefused(String args, String says) {
    refused(new String[] {says}, command("generate", args));
  }

  private static JsonNode bound(String args) throws IOException {
    return done(command("evaluate", "--corpus " + corpus + " --blocks 40 --json" + args)).json();
  }

  @Test
  void evaluateBoundsAndFollowsTheChainRule() throws IOException {
    JsonNode nelbo = bound("");
    assertEquals("bound", nelbo.get("claim").asText());
    assertEquals(
        "NELBO by 16 systematic mask counts in each block of 4 tokens",
        nelbo.get("estimator").asText());
    JsonNode chain = bound(" --estimator chain-rule");
    assertEquals("exact along an order", chain.get("claim").asText());
    // Both have the same mean over masks and orders, and are of the same passages: their difference
    // varies less than this. False alarm at most 0.003, and the seed is fixed.
    double error =
        Math.hypot(chain.get("standard_error").asDouble(), nelbo.get("standard_error").asDouble());
    double off = nelbo.get("nats_per_token").asDouble() - chain.get("nats_per_token").asDouble();
    assertTrue(Math.abs(off) < 3 * error, off + " +- " + error);
    refused(
        new String[] {"take nelbo or chain-rule"},
        command("evaluate", "--corpus " + corpus + " --estimator steps:4"));
    Path out = folder.resolve("evaluation.json");
    assertEquals(nelbo.get("nats_per_token"), bound(" --out " + out).get("nats_per_token"));
    JsonNode windows = bound(" --stride 5");
    assertTrue(windows.get("tokens").asInt() > 40);
  }

  /**
   * A copy of the model with the curve of its blocks on the corpus, or rather, since random weights
   * know nothing, with one in its place: 3, 2, 1.5 and 1 nats for every text.
   */
  private static Path planned() throws IOException {
    Path copy = Files.createDirectories(folder.resolve("planned"));
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.copy(MODEL.resolve(file), copy.resolve(file), REPLACE_EXISTING);
    }
    String model = copy.toString();
    String[] plan = {"plan", "--model", model, "--corpus", corpus, "--blocks", "40"};
    done(with(plan, "--save"));
    JsonNode measured = done("plan", "--model", model, "--json").json();
    assertEquals("block", measured.get("per").asText());
    assertEquals(4, measured.get("information_curve").size());
    assertEquals(40, measured.get("examples").asInt());
    ObjectMapper json = new ObjectMapper();
    Path file = copy.resolve("information.json");
    ObjectNode information = (ObjectNode) json.readTree(file.toFile());
    for (String curves : List.of("cross_entropies", "entropies")) {
      for (JsonNode curve : information.get(curves)) {
        double[] values = {3, 2, 1.5, 1};
        for (int n = 0; n < 4; n++) {
          ((ArrayNode) curve).set(n, values[n]);
        }
      }
    }
    json.writeValue(file.toFile(), information);
    return copy;
  }

  @Test
  void stepsArePlannedOnTheCurveOfABlock() throws IOException {
    String model = planned().toString();
    JsonNode plan = done("plan", "--model", model, "--json").json();
    double whole = plan.get("plans").get(0).get("predicted_kl_nats").asDouble();
    double half = plan.get("plans").get(1).get("predicted_kl_nats").asDouble();
    assertEquals(4 * 3 - 7.5, whole, 1e-9);
    assertEquals(3 + 3 * 2 - 7.5, half, 1e-9, "sizes 1, 3 or 2, 2");
    // Three whole blocks in one step each, and the first block's three tokens one by one.
    String[] generate = {"generate", "--model", model, "--json", "--epsilon"};
    JsonNode fast = done(with(generate, String.valueOf(3.001 * whole))).json();
    assertEquals("optimal in blocks of 4", fast.get("plan").asText());
    assertEquals(6, fast.get("samples").get(0).get("steps").asInt());
    assertEquals(3 * whole, fast.get("predicted_kl_nats").asDouble(), 1e-9);
    JsonNode slower = done(with(generate, String.valueOf(2.999 * whole))).json();
    assertEquals(9, slower.get("samples").get(0).get("steps").asInt());
    assertEquals(3 * half, slower.get("predicted_kl_nats").asDouble(), 1e-9);
    assertEquals(
        0, done(with(generate, "0")).json().get("predicted_kl_nats").asDouble(), "one by one");
    // Given text, or another length, is not what the curve is of.
    JsonNode prompted = done(with(generate, "5", "--prompt", "abc")).json();
    assertTrue(prompted.get("predicted_kl_nats").isNull(), prompted.toString());
    assertTrue(prompted.get("note").asText().contains("nothing is given"));
    JsonNode shorter = done(with(generate, "5", "--length", "11")).json();
    assertTrue(shorter.get("predicted_kl_nats").isNull());
    JsonNode sure = done(with(generate, "5", "--sampler", "confidence")).json();
    assertTrue(sure.get("note").asText().startsWith("heuristic"));
    refused(
        new String[] {"--check is for models that see the whole text"},
        with(new String[] {"plan", "--model", model, "--corpus", corpus}, "--check"));
    Files.writeString(
        Path.of(model, "information.json"),
        Files.readString(Path.of(model, "information.json"))
            .replace("\"length\":4", "\"length\":3")
            .replace("\"nodes\":[0,1,2,3]", "\"nodes\":[0,1,2]"));
    refused(new String[] {"information.json"}, with(generate, "1"));
  }

  private static String[] with(String[] command, String... more) {
    return Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray(String[]::new);
  }

  @Test
  void withoutTextNothingIsKnownOfABlock() {
    refused(new String[] {"plan needs --corpus"}, command("plan", "--json"));
  }

  @Test
  void stepsMeasuresItsSamplers() throws IOException {
    Path out = folder.resolve("report");
    String args = "--corpus " + corpus + " --steps 4,8 --samples 4 --judge ngram:2 --out " + out;
    done(command("steps", args + " --samplers mask-predictor/balanced,first-hitting"));
    String csv = Files.readString(out.resolve("steps.csv"));
    assertEquals(3, csv.lines().filter(line -> line.contains("block")).count(), csv);
    refused(
        new String[] {"--blocks is for models that see the whole text"},
        command("steps", args + "2 --blocks 8 --samplers first-hitting"));
  }
}
