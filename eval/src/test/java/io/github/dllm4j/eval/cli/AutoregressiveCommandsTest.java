package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.djl.AutoregressiveModel;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An autoregressive model through every command that takes a model. */
class AutoregressiveCommandsTest {
  @TempDir static Path folder;
  private static Path model;

  @BeforeAll
  static void train() throws IOException {
    model = folder.resolve("model");
    done(training(folder, model));
  }

  private static String[] training(Path home, Path out, String... more) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of("train", "--corpus", Dllm.corpus(home).toString(), "--out", out.toString()));
    all.addAll(
        List.of(
            ("--process autoregressive --tokenizer char --layers 1 --width 16 --heads 2 --length 16"
                    + " --batch 8 --steps 60 --learning-rate 0.01 --ema 0.9 --precision fp32")
                .split(" ")));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static String[] args(String command, String... more) {
    List<String> all = new ArrayList<>(List.of(command, "--model", model.toString()));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  @Test
  void theDirectorySaysWhatItIs() throws IOException {
    JsonNode facts = done(args("inspect", "--json")).json();
    assertEquals("autoregressive", facts.get("process").asText());
    assertEquals("next_token", facts.get("head").asText());
    assertEquals("cross-entropy", facts.get("objective").asText());
    assertEquals(0, facts.get("time_width").asInt());
    assertFalse(Files.exists(model.resolve("information.json")));
  }

  @Test
  void thePerplexityIsExact() throws IOException {
    String corpus = folder.resolve("corpus.txt").toString();
    JsonNode exact = done(args("evaluate", "--corpus", corpus, "--json")).json();
    assertEquals("left to right, exact", exact.get("estimator").asText());
    double nats = exact.get("nats_per_token").asDouble();
    // It has learnt something: characters alone have about 2.5 nats.
    assertTrue(nats > 0.05 && nats < 2, "nats " + nats);
    assertEquals(Math.exp(nats), exact.get("perplexity").asDouble(), 1e-9);
    String text = done(args("evaluate", "--corpus", corpus)).out();
    assertTrue(text.contains("(perplexity ") && !text.contains("at most"), text);
    // Shorter blocks know less.
    JsonNode shorter = done(args("evaluate", "--corpus", corpus, "--length", "4", "--json")).json();
    assertTrue(shorter.get("nats_per_token").asDouble() > nats);
    refused(
        new String[] {"--counts is not for an autoregressive model"},
        args("evaluate", "--corpus", corpus, "--counts", "4"));
  }

  /** Every option that is taken makes other texts; the same command makes the same. */
  @Test
  void optionsMatterAndSamplesAreReproducible() {
    String[] variants = {
      "--steps auto", "--seed 1", "--temperature 0.5", "--top-p 0.5", "--prompt the", "--length 9",
    };
    Map<String, String> texts = new HashMap<>();
    for (String variant : variants) {
      String options = variant + " --samples 4";
      Dllm run = done(args("generate", options.split(" ")));
      assertEquals(run, done(args("generate", options.split(" "))));
      assertNull(texts.put(run.out(), options), options + " makes the same as another");
    }
  }

  @Test
  void samplesAreCountedAndDoNotDependOnEachOther() throws IOException {
    JsonNode many =
        done(args("generate", "--prompt", "the cat", "--samples", "19", "--json")).json();
    JsonNode few = done(args("generate", "--prompt", "the cat", "--samples", "2", "--json")).json();
    for (int s = 0; s < 2; s++) {
      assertEquals(many.get("samples").get(s).get("text"), few.get("samples").get(s).get("text"));
    }
    JsonNode sample = many.get("samples").get(18);
    assertTrue(sample.get("text").asText().startsWith("the cat"));
    assertEquals(9, sample.get("steps").asInt());
    assertEquals(9, sample.get("evaluations").asInt());
    assertEquals("left-to-right", many.get("sampler").asText());
    assertEquals(0, many.get("predicted_kl_nats").asDouble());
    assertEquals("exact: one token per step", many.get("note").asText());
    JsonNode cold = done(args("generate", "--temperature", "0.5", "--json")).json();
    assertTrue(cold.get("predicted_kl_nats").isNull());
    Dllm watched = done(args("generate", "--watch"));
    assertTrue(watched.err().contains("\u2591"), watched.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--steps 4|--steps is not for an autoregressive model",
        "--epsilon 1|--epsilon is not for an autoregressive model",
        "--plan balanced|--plan is not for an autoregressive model",
        "--sampler tweedie|--sampler is not for an autoregressive model",
        "--grid uniform|--grid is not for an autoregressive model",
        "--horizon 3|--horizon is not for an autoregressive model",
        "--sigma-min 0.1|--sigma-min is not for an autoregressive model",
        "--corrector gibbs|--corrector is not for an autoregressive model",
        "--template a{3}b|--template is not for an autoregressive model, which reads only what",
        "--regex a+|constraints are for masking models",
        "--length 17|the sequence has 17 tokens, the model takes at most 16",
      })
  void generateRefusesWhatCannotBe(String options, String says) {
    refused(new String[] {says}, args("generate", options.split(" ")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--objective score-entropy|objective score-entropy is not for an autoregressive model",
        "--objective mask-predictor --plan-steps 2|objective mask-predictor is not for",
        "--plan-steps 2|mask-predictor",
        "--time-width 8|--time-width must be 0 for --process autoregressive",
        "--curve-examples 4|--curve-examples is not for an autoregressive model",
      })
  void trainRefusesWhatCannotBe(String options, String says, @TempDir Path other)
      throws IOException {
    refused(new String[] {says}, training(other, other.resolve("model"), options.split(" ")));
  }

  @Test
  void nothingIsPlanned() {
    refused(new String[] {"is autoregressive: it predicts left to right"}, args("plan"));
  }

  /** As a judge it scores the first block of its corpus as evaluate does. */
  @Test
  void theModelJudgesTexts() throws IOException {
    Path corpus = folder.resolve("corpus.txt");
    try (AutoregressiveModel judge =
        AutoregressiveModel.open(model, new ModelOptions("cpu", Optional.empty()))) {
      assertEquals("DiT", judge.family());
      String text = Files.readString(corpus).substring(0, 2 * 16);
      double[][] halves = judge.scores(List.of(text.substring(0, 16), text.substring(16)));
      double nats = Arrays.stream(halves).flatMapToDouble(Arrays::stream).sum() / 32;
      Path short32 = Files.writeString(folder.resolve("short.txt"), text);
      JsonNode exact = done(args("evaluate", "--corpus", short32.toString(), "--json")).json();
      assertEquals(exact.get("nats_per_token").asDouble(), nats, 1e-6);
    }
  }

  @Test
  void aModelThatDenoisesIsNoJudge(@TempDir Path other) throws IOException {
    Path masked = Dllm.tinyModel(other);
    assertEquals(
        masked + " is a masking model, not autoregressive",
        assertThrows(
                IllegalArgumentException.class,
                () -> AutoregressiveModel.open(masked, ModelOptions.DEFAULT))
            .getMessage());
  }

  /** A run goes on where it stood, and another starts from the model, but not of another kind. */
  @Test
  void runsAreResumedAndStartedFrom(@TempDir Path other) throws IOException {
    Dllm again = done("train", "--resume", "--out", model.toString());
    assertTrue(again.out().contains("was finished already"), again.out());
    String corpus = Dllm.corpus(other).toString();
    Path tuned = other.resolve("tuned");
    Dllm run =
        done(
            "train",
            "--from",
            model.toString(),
            "--corpus",
            corpus,
            "--out",
            tuned.toString(),
            "--steps",
            "2");
    assertTrue(run.err().contains("held-out loss"), run.err());
    JsonNode facts = done("inspect", "--model", tuned.toString(), "--json").json();
    assertEquals("autoregressive", facts.get("process").asText());
    refused(
        new String[] {"objective elbo is not for an autoregressive model"},
        "train",
        "--from",
        model.toString(),
        "--objective",
        "elbo",
        "--corpus",
        corpus,
        "--out",
        other.resolve("masked").toString(),
        "--steps",
        "2");
  }
}
