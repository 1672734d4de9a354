package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code dllm plan}: what it says of known laws and of models, and what it refuses. */
class PlanCommandTest {
  @TempDir static Path folder;
  private static Path model;
  private static Path corpus;

  @BeforeAll
  static void trainAModel() throws IOException {
    model = Dllm.tinyModel(folder);
    corpus = folder.resolve("corpus.txt");
  }

  private static JsonNode json(String... args) throws IOException {
    String[] all = new String[args.length + 2];
    all[0] = "plan";
    all[1] = "--json";
    System.arraycopy(args, 0, all, 2, args.length);
    return Dllm.done(all).json();
  }

  private static JsonNode ofModel(String... more) throws IOException {
    String[] all = new String[more.length + 4];
    System.arraycopy(
        new String[] {"--model", model.toString(), "--corpus", corpus.toString()}, 0, all, 0, 4);
    System.arraycopy(more, 0, all, 4, more.length);
    return json(all);
  }

  @Test
  void aKnownLawIsPlannedExactly() throws IOException {
    JsonNode document = json("--distribution", "parity:k=3");
    assertEquals(6, document.get("information_curve").size());
    assertTrue(document.get("standard_errors").isNull());
    // The spec's figures of latent_parity_k3.
    assertEquals(2.07944154168, document.get("entropy").asDouble(), 1e-10);
    assertEquals(2.07944154168, document.get("total_correlation").asDouble(), 1e-10);
    assertEquals(0.914781254391, document.get("effective_total_correlation").asDouble(), 1e-10);
    JsonNode plans = document.get("plans");
    assertEquals(3, plans.size()); // 1, 2 and 4 steps
    JsonNode four = plans.get(2);
    assertEquals(4, four.get("steps").asInt());
    assertEquals("[1,2,2,1]", four.get("sizes").toString());
    assertEquals(0.207944154168, four.get("predicted_kl_nats").asDouble(), 1e-10);
    assertTrue(four.get("balanced_kl_nats").asDouble() >= four.get("predicted_kl_nats").asDouble());
    assertTrue(
        four.get("theorem_bound_nats").asDouble() >= four.get("balanced_kl_nats").asDouble());
  }

  @Test
  void stepsAndEpsilonChooseThePlan() throws IOException {
    JsonNode three = json("--distribution", "markov:d=8", "--steps", "3").get("plans");
    assertEquals(1, three.size());
    assertEquals(3, three.get(0).get("steps").asInt());
    double cost = three.get(0).get("predicted_kl_nats").asDouble();
    String within = Double.toString(cost + 1e-9);
    JsonNode fewest = json("--distribution", "markov:d=8", "--epsilon", within).get("plans");
    assertEquals(3, fewest.get(0).get("steps").asInt());
    StepPlanner planner = new StepPlanner(ExactLaw.potts(8, 3, 1.2).curve().orElseThrow());
    JsonNode potts = json("--distribution", "potts:d=8", "--steps", "4").get("plans").get(0);
    assertEquals(planner.forSteps(4).sizes().length, potts.get("sizes").size());
  }

  @Test
  void aModelIsMeasuredOnACorpus() throws IOException {
    JsonNode document = ofModel("--blocks", "12");
    assertEquals(16, document.get("information_curve").size());
    assertEquals(16, document.get("standard_errors").size());
    assertEquals("MODEL_CROSS_ENTROPY", document.get("source").asText());
    assertEquals(12, document.get("examples").asInt());
    assertTrue(document.get("evaluations").asInt() >= 12 * 16);
    assertTrue(document.get("band_standard_errors").asDouble() > 1.96);
    assertEquals(5, document.get("plans").size());
    for (JsonNode plan : document.get("plans")) {
      assertTrue(plan.get("predicted_kl_standard_error").asDouble() >= 0);
    }
    JsonNode coarse = ofModel("--blocks", "12", "--nodes", "4");
    assertTrue(coarse.get("evaluations").asInt() < document.get("evaluations").asInt());
    assertTrue(coarse.get("interpolation_error_nats").asDouble() > 0);
    JsonNode target = ofModel("--standard-error", "1000");
    assertEquals(8, target.get("examples").asInt());
    assertNotEquals(
        document.get("information_curve"),
        ofModel("--blocks", "12", "--seed", "1").get("information_curve"));
    assertNotEquals(
        document.get("information_curve"),
        ofModel("--blocks", "12", "--part", "train").get("information_curve"));
    assertEquals(8, ofModel("--blocks", "12", "--length", "8").get("information_curve").size());
  }

  @Test
  void aModelWithoutInformationIsMeasuredOnItsOwnText() throws IOException {
    Path bare = Files.createDirectories(folder.resolve("bare"));
    for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
      Files.copy(model.resolve(name), bare.resolve(name));
    }
    JsonNode own = json("--model", bare.toString());
    assertEquals("MODEL_SAMPLES", own.get("source").asText());
    assertEquals(
        own.get("examples").asInt() * own.get("nodes").size(), own.get("evaluations").asInt());
    Dllm.done(
        "plan",
        "--model",
        bare.toString(),
        "--corpus",
        corpus.toString(),
        "--blocks",
        "12",
        "--save");
    assertTrue(Files.exists(bare.resolve("information.json")));
    JsonNode saved = json("--model", bare.toString());
    assertEquals("MODEL_CROSS_ENTROPY", saved.get("source").asText());
    assertEquals(12, saved.get("examples").asInt());
  }

  @Test
  void thePlotIsAPicture() throws IOException {
    Path file = folder.resolve("plan.png");
    String text =
        Dllm.done("plan", "--distribution", "potts:d=16", "--plot", file.toString()).out();
    assertTrue(text.contains("conditional KL"));
    assertFalse(text.contains("+-"));
    assertEquals(1800, ImageIO.read(file.toFile()).getWidth());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--distribution fog|fog",
        "--distribution parity:k=3 --steps 7|--steps must be 1 to 6",
        "--distribution parity:k=3 --steps 0|--steps",
        "--distribution parity:k=3 --epsilon -1|--epsilon",
        "--distribution parity:k=3 --epsilon 1 --steps 2|not both",
        "--distribution parity:k=3 --nodes 1|--nodes",
        "--distribution parity:k=3 --nodes 3 --standard-error 1|not both",
        "--corpus bundled --standard-error -1|--standard-error must be above 0, got -1.0",
        "--distribution parity:k=3 --corpus x|--corpus is not for --distribution",
        "--distribution parity:k=3 --text8|--text8 is not for --distribution",
        "--distribution parity:k=3 --save|--save is not for --distribution",
        "--blocks 4|--blocks needs --corpus",
        "--model nowhere|nowhere",
        "--corpus bundled --save|--save needs --model DIR",
      })
  void badInputIsRefused(String options, String words) {
    Dllm.refused(new String[] {words}, ("plan " + options).split(" "));
  }

  @Test
  void aCurveOfAnotherLengthIsNotSaved() {
    Dllm.refused(
        new String[] {"--save", "8"},
        "plan",
        "--model",
        model.toString(),
        "--corpus",
        corpus.toString(),
        "--length",
        "8",
        "--save");
  }

  /** Where the law can be enumerated the planner's word is kept to the last digit. */
  @Test
  void theWordIsKeptOnAKnownLaw() throws IOException {
    JsonNode check = json("--distribution", "parity:k=3", "--check").get("check");
    assertEquals(3, check.get("rows").size());
    for (JsonNode row : check.get("rows")) {
      assertEquals(
          row.get("predicted_kl_nats").asDouble(),
          row.get("measured_kl_nats").asDouble(),
          1e-9 + 4 * row.get("measured_kl_standard_error").asDouble());
    }
    assertTrue(
        Dllm.done("plan", "--distribution", "parity:k=3", "--check").out().contains("measured"));
  }

  @Test
  void aModelsWordIsMeasuredOnOtherBlocks() throws IOException {
    JsonNode document = ofModel("--blocks", "24", "--check");
    assertEquals(12, document.get("examples").asInt());
    JsonNode rows = document.get("check").get("rows");
    assertEquals(5, rows.size());
    assertTrue(rows.get(0).get("measured_kl_nats").asDouble() != 0);
    // One token at a time is what it is compared with.
    assertEquals(0, rows.get(4).get("predicted_kl_nats").asDouble(), 1e-12);
  }

  @Test
  void uniformNoiseIsPlannedOnAKnownLaw() throws IOException {
    JsonNode document =
        json("--distribution", "markov:d=4,S=3", "--process", "uniform", "--steps", "8");
    assertEquals("uniform", document.get("process").asText());
    assertEquals(document.get("sigmas").size(), document.get("phi").size());
    JsonNode plan = document.get("plans").get(0);
    assertEquals(8, plan.get("steps").asInt());
    double best = plan.get("predicted_path_kl_nats").asDouble();
    assertTrue(best > 0 && best <= plan.get("log_linear_path_kl_nats").asDouble());
    assertTrue(best <= plan.get("geometric_path_kl_nats").asDouble());
    String text =
        Dllm.done("plan", "--distribution", "markov:d=4,S=3", "--process", "uniform").out();
    assertTrue(text.contains("log-linear"), text);
  }

  @Test
  void aUniformModelIsPlannedOnACorpus() throws IOException {
    Path uniform =
        Dllm.tinyModel(Files.createDirectories(folder.resolve("u")), "--process", "uniform");
    JsonNode document =
        json(
            "--model",
            uniform.toString(),
            "--corpus",
            corpus.toString(),
            "--blocks",
            "8",
            "--steps",
            "4");
    assertEquals(8, document.get("examples").asInt());
    assertTrue(document.get("evaluations").asInt() > 0);
    JsonNode plan = document.get("plans").get(0);
    assertEquals(5, plan.get("grid").size());
    assertTrue(Double.isFinite(plan.get("predicted_path_kl_nats").asDouble()));
    assertTrue(plan.get("predicted_path_kl_standard_error").asDouble() > 0);
  }
}
