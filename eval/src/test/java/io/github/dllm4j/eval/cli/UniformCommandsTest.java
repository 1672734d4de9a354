package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A model of uniform noise through every command that takes a model. */
class UniformCommandsTest {
  @TempDir static Path folder;
  private static Path model;

  @BeforeAll
  static void train() throws IOException {
    model = Dllm.tinyModel(folder, "--process", "uniform");
  }

  private static String[] args(String command, String... more) {
    List<String> all = new ArrayList<>(List.of(command, "--model", model.toString()));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void theDirectorySaysWhatItIs() throws IOException {
    JsonNode facts = done(args("inspect", "--json")).json();
    assertEquals("uniform", facts.get("process").asText());
    assertEquals("leave_one_out", facts.get("head").asText());
    assertEquals(-1, facts.get("mask").asInt());
    assertEquals(64, facts.get("time_width").asInt());
    assertEquals(4, facts.get("information_examples").asInt());
    assertTrue(facts.get("kl_from_uniform_standard_error").asDouble() > 0);
  }

  @Test
  void theBoundSaysHowItWasMade() throws IOException {
    Path corpus = folder.resolve("corpus.txt");
    JsonNode bound = done(args("evaluate", "--corpus", corpus.toString(), "--json")).json();
    double dependence = bound.get("leave_one_out_dependence").asDouble();
    // A network that sees the token it should not, and has hardly been trained.
    assertTrue(dependence > 0 && dependence <= 1, "dependence " + dependence);
    assertTrue(bound.get("estimator").asText().contains("noise times"), bound.toString());
    assertTrue(bound.get("nats_per_token").asDouble() > 0);
  }

  /** Each sampler, grid and corrector makes other texts; the same command makes the same. */
  @Test
  void everySamplerGridAndCorrectorMatters() {
    String[][] variants = {
      {"--steps", "6"},
      {"--steps", "7"},
      {"--steps", "6", "--sampler", "euler"},
      {"--steps", "6", "--sampler", "tau-leaping"},
      {"--steps", "6", "--sampler", "rejecting-tau-leaping"},
      {"--steps", "6", "--sampler", "additive-tau-leaping"},
      {"--steps", "6", "--sampler", "maximal-coupling"},
      {"--steps", "6", "--grid", "uniform"},
      {"--steps", "6", "--grid", "geometric"},
      {"--steps", "6", "--grid", "optimal"},
      {"--epsilon", "1e6"},
      {"--grid", "halving"},
      {"--steps", "6", "--corrector", "gibbs"},
      {"--steps", "6", "--corrector", "gibbs", "--corrector-steps", "5"},
      {"--steps", "6", "--corrector", "gibbs", "--corrector-sites", "sweep"},
      {"--steps", "6", "--corrector", "gibbs", "--corrector-sites", "parallel:4"},
      {"--steps", "6", "--corrector", "gibbs", "--corrector-sites", "confidence"},
      {"--steps", "6", "--corrector", "gibbs", "--corrector-sites", "confidence-metropolis"},
      {"--steps", "6", "--corrector", "gibbs", "--corrector-sites", "confidence:max-probability"},
      {
        "--steps",
        "6",
        "--corrector",
        "gibbs",
        "--corrector-sites",
        "confidence:current-probability"
      },
      {"--steps", "6", "--corrector", "ctmc"},
      {"--steps", "6", "--corrector", "ctmc", "--corrector-steps", "2"},
      {"--steps", "6", "--corrector", "balanced:sqrt"},
      {"--steps", "6", "--corrector", "balanced:barker"},
      {"--steps", "6", "--corrector", "balanced:min"},
      {"--steps", "6", "--sampler", "psi:0.5"},
      {"--steps", "6", "--sampler", "psi:0.7"},
      {"--steps", "6", "--grid", "geometric", "--horizon", "4"},
      {"--steps", "6", "--grid", "geometric", "--sigma-min", "0.1"},
      {"--sampler", "uniformization"},
      {"--sampler", "uniformization", "--horizon", "4"},
      {"--sampler", "uniformization", "--sigma-min", "0.1"},
      {"--steps", "6", "--temperature", "0.5"},
      {"--steps", "6", "--top-p", "0.5"},
      {"--steps", "6", "--seed", "1"},
    };
    Map<String, String> texts = new HashMap<>();
    for (String[] variant : variants) {
      String options = String.join(" ", variant) + " --samples 8";
      Dllm run = done(args("generate", options.split(" ")));
      assertEquals(run, done(args("generate", options.split(" "))));
      assertNull(texts.put(run.out(), options), options + " makes the same as another");
    }
  }

  /** The fewest steps of the optimal grid within the budget, by the path KL of held-out text. */
  @Test
  void aBudgetOfPathKlChoosesTheSteps() throws IOException {
    JsonNode six = done(args("generate", "--steps", "6", "--grid", "optimal", "--json")).json();
    double price = six.get("predicted_path_kl_nats").asDouble();
    assertTrue(price > 0 && six.get("predicted_path_kl_standard_error").asDouble() > 0);
    assertTrue(six.get("predicted_kl_nats").isNull());
    assertEquals("optimal", six.get("plan").asText());
    String within = Double.toString(price + 1e-9);
    JsonNode auto = done(args("generate", "--epsilon", within, "--json")).json();
    assertTrue(auto.get("samples").get(0).get("steps").asInt() <= 6);
    assertTrue(auto.get("predicted_path_kl_nats").asDouble() <= price + 1e-9);
    JsonNode plan = done(args("plan", "--steps", "6", "--json")).json();
    assertEquals(0, plan.get("evaluations").asInt());
    assertEquals(price, plan.get("plans").get(0).get("predicted_path_kl_nats").asDouble(), 1e-9);
  }

  @Test
  void withoutInformationTheOptimalGridIsRefused() throws IOException {
    Path bare = Files.createDirectories(folder.resolve("bare"));
    for (String name : new String[] {"config.json", "model.safetensors", "tokenizer.json"}) {
      Files.copy(model.resolve(name), bare.resolve(name));
    }
    for (String options : new String[] {"--grid optimal --steps 4", "--epsilon 9"}) {
      String[] command = ("generate --model " + bare + " " + options).split(" ");
      refused(new String[] {"the optimal grid needs", "dllm plan"}, command);
    }
    refused(
        new String[] {"no information.json", "plan needs --corpus"},
        "plan",
        "--model",
        bare.toString());
    // An unsound file does not keep it from being measured anew.
    Files.writeString(bare.resolve("information.json"), "{}");
    String corpus = folder.resolve("corpus.txt").toString();
    refused(new String[] {"information.json"}, "generate", "--model", bare.toString());
    done("plan", "--model", bare.toString(), "--corpus", corpus, "--blocks", "5", "--save");
    JsonNode facts = done("inspect", "--model", bare.toString(), "--json").json();
    assertEquals(5, facts.get("information_examples").asInt());
    done("generate", "--model", bare.toString(), "--grid", "optimal", "--steps", "4");
  }

  @Test
  void thePromptIsKeptAndEvaluationsAreCounted() throws IOException {
    Dllm run =
        done(
            args(
                "generate",
                "--prompt",
                "the cat",
                "--steps",
                "4",
                "--corrector",
                "gibbs",
                "--corrector-steps",
                "3",
                "--samples",
                "3",
                "--json"));
    JsonNode document = run.json();
    assertTrue(document.get("predicted_kl_nats").isNull());
    Set<String> texts = new TreeSet<>();
    for (JsonNode sample : document.get("samples")) {
      assertTrue(sample.get("text").asText().startsWith("the cat"), run.out());
      assertEquals(4 + 3 * 3, sample.get("evaluations").asInt());
      texts.add(sample.get("text").asText());
    }
    assertEquals(3, texts.size());
  }

  /** What is not exact says so, what is exact does not. */
  @ParameterizedTest
  @CsvSource({
    "gibbs, random, false",
    "gibbs, sweep, false",
    "gibbs, confidence-metropolis, false",
    "gibbs, confidence-metropolis:max-probability, false",
    "gibbs, parallel:2, true",
    "gibbs, confidence, true",
    "ctmc, random, true",
    "balanced:min, random, true"
  })
  void heuristicsSaySo(String corrector, String sites, boolean heuristic) throws IOException {
    List<String> options =
        new ArrayList<>(List.of("--steps", "3", "--corrector", corrector, "--json"));
    if (corrector.equals("gibbs")) {
      options.addAll(List.of("--corrector-sites", sites));
    }
    JsonNode document = done(args("generate", options.toArray(String[]::new))).json();
    assertEquals(heuristic, document.get("note").asText().startsWith("heuristic"), sites);
    assertTrue(document.get("predicted_kl_nats").isNull());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--prompt the|steps auto is for whole sequences",
        "--steps auto --grid uniform|steps auto needs a grid from at most",
        "--steps 300 --grid optimal|steps must be 1 to the 240 candidates",
        "--epsilon 1 --grid halving|decides its steps itself",
        "--steps 4 --grid optimal --horizon 3|--horizon is not for --grid optimal",
        "--steps 4 --epsilon 1|give no --steps",
        "--steps 4 --plan balanced|noise is uniform",
        "--steps 4 --sampler mask-predictor|sampler must be one of tweedie",
        "--steps 4 --grid alpha-linear|grid must be one of log-linear",
        "--steps 4 --grid halving|decides its steps itself",
        "--steps 4 --regex a*|constraints are for masking models",
        "--steps 4 --corrector smooth|corrector must be one of none, gibbs, ctmc",
        "--steps 4 --corrector ctmc --corrector-sites sweep|corrector-sites are for the corrector",
        "--steps 4 --corrector gibbs --corrector-sites confidence:best|corrector-sites must be",
        "--steps 4 --sampler uniformization|decides its steps itself",
        "--sampler uniformization --grid uniform|--grid is not for --sampler uniformization",
        "--sampler uniformization --corrector gibbs|it takes no corrector",
        "--sampler uniformization --sigma-min 9|sigma-min must be above 0",
        "--steps 4 --horizon 3|--horizon is not for --grid log-linear",
        "--steps 4 --grid uniform --sigma-min 0.1|--sigma-min is not for --grid uniform",
        "--steps 4 --sampler psi:2|sampler must be one of tweedie",
        "--steps 4 --sampler reaudm|needs a network that reads u too",
        "--steps 4 --corrector-steps 2|need --corrector",
        "--steps 4 --corrector gibbs --corrector-steps 0|corrector-steps must be 1 to",
        "--steps 4 --corrector gibbs --corrector-sites some|corrector-sites must be random",
      })
  void refusesWhatCannotBe(String options, String says) {
    String[] more = options == null ? new String[0] : options.split(" ");
    refused(new String[] {says}, args("generate", more));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cross-entropy", "score-entropy"})
  void otherObjectivesTrain(String objective, @TempDir Path other) throws IOException {
    Path trained = Dllm.tinyModel(other, "--process", "uniform", "--objective", objective);
    JsonNode facts = done("inspect", "--model", trained.toString(), "--json").json();
    assertEquals(
        objective.equals("cross-entropy") ? "denoiser" : "leave_one_out",
        facts.get("head").asText());
    Dllm run = done("generate", "--model", trained.toString(), "--steps", "4");
    assertNotEquals("", run.out().strip());
  }

  @ParameterizedTest
  @CsvSource({
    "blurring, elbo, '--process must be masking, uniform or autoregressive, got blurring'",
    "autoregressive, elbo, objective elbo is not for an autoregressive model",
    "uniform, mask-predictor, --plan-steps",
    "masking, cross-entropy, objective cross-entropy is not for masking noise"
  })
  void trainingRefusesWhatCannotBe(
      String process, String objective, String says, @TempDir Path other) throws IOException {
    refused(
        new String[] {says.startsWith("--plan") ? "mask-predictor" : says},
        "train",
        "--corpus",
        Dllm.corpus(other).toString(),
        "--out",
        other.resolve("model").toString(),
        "--tokenizer",
        "char",
        "--process",
        process,
        "--objective",
        objective,
        "--steps",
        "2");
  }

  @Test
  void masksAreCorrectedAtRandomSites(@TempDir Path other) throws IOException {
    Path masked = Dllm.tinyModel(other);
    refused(
        new String[] {"--corrector-sites must be random for masking models, got sweep"},
        "generate",
        "--model",
        masked.toString(),
        "--corrector",
        "gibbs",
        "--corrector-sites",
        "sweep");
  }
}
