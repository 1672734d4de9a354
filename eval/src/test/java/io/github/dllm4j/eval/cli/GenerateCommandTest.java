package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every option of generate changes something, and everything impossible is refused in one line. */
class GenerateCommandTest {
  @TempDir static Path folder;
  private static Path model;

  @BeforeAll
  static void train() throws IOException {
    model = Dllm.tinyModel(folder);
  }

  private static String[] args(String... more) {
    List<String> all = new ArrayList<>(List.of("generate", "--model", model.toString()));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  private static JsonNode json(String... more) throws IOException {
    List<String> all = new ArrayList<>(List.of(more));
    all.add("--json");
    return done(args(all.toArray(String[]::new))).json();
  }

  @Test
  void printsTheTextAndNothingElse() {
    Dllm run = done(args("--prompt", "the cat"));
    assertTrue(run.out().startsWith("the cat"), run.out());
    assertEquals("", run.err());
    assertEquals(run, done(args("--prompt", "the cat")));
  }

  @Test
  void jsonHasWhatTheContractSays() throws IOException {
    JsonNode document = json("--steps", "4", "--samples", "2", "--seed", "3");
    for (String key :
        List.of("model", "sampler", "plan", "predicted_kl_nats", "seed", "versions")) {
      assertTrue(document.has(key), key);
    }
    assertEquals(2, document.get("samples").size());
    JsonNode sample = document.get("samples").get(1);
    assertEquals(16, sample.get("tokens").size());
    assertEquals(4, sample.get("steps").asInt());
    assertEquals(4, sample.get("evaluations").asInt());
    String finish = sample.get("finish").asText(); // end: the model drew the end of a text
    assertTrue(List.of("length", "end").contains(finish), finish);
    assertTrue(sample.get("seconds").asDouble() > 0);
    assertEquals(3, document.get("seed").asInt());
    assertTrue(document.get("predicted_kl_nats").asDouble() >= 0);
  }

  @Test
  void promisesNothingWhereNothingHolds() throws IOException {
    assertTrue(json("--temperature", "0.5").get("predicted_kl_nats").isNull());
    assertTrue(json("--top-p", "0.5").get("predicted_kl_nats").isNull());
    assertTrue(
        json("--prompt", "the", "--plan", "balanced", "--steps", "3")
            .get("predicted_kl_nats")
            .isNull());
  }

  @Test
  void givenTextIsPlannedOnItsOwnCurve() throws IOException {
    for (String[] given : new String[][] {{"--prompt", "the"}, {"--length", "8"}}) {
      JsonNode document = json(given);
      assertTrue(document.get("predicted_kl_nats").asDouble() >= 0);
      assertTrue(document.get("predicted_kl_standard_error").asDouble() >= 0);
      assertTrue(document.get("note").asText().contains("samples of the model"));
      assertTrue(document.get("planning_evaluations").asInt() > 0);
    }
  }

  @Test
  void everyOptionChangesSomething() throws IOException {
    String plain = done(args("--steps", "4")).out();
    assertNotEquals(plain, done(args("--steps", "4", "--seed", "1")).out());
    assertNotEquals(plain, done(args("--steps", "5")).out());
    assertNotEquals(plain, done(args("--steps", "4", "--temperature", "0.1")).out());
    assertNotEquals(plain, done(args("--steps", "4", "--top-p", "0.1")).out());
    assertNotEquals(plain, done(args("--steps", "4", "--plan", "back")).out());
    assertNotEquals(plain, done(args("--steps", "4", "--sampler", "tweedie")).out());
    assertNotEquals(
        done(args("--steps", "4", "--sampler", "tweedie", "--grid", "uniform")).out(),
        done(args("--steps", "4", "--sampler", "tweedie")).out());
    assertEquals(8, json("--length", "8").get("samples").get(0).get("tokens").size());
    assertTrue(
        json("--epsilon", "1e-9").get("samples").get(0).get("steps").asInt()
            > json("--epsilon", "1000").get("samples").get(0).get("steps").asInt());
    assertTrue(done(args("--steps", "4", "--watch")).err().contains("[step 4 of 4]"));
  }

  @Test
  void everySamplerAndPlanFillsEveryHole() throws IOException {
    for (String sampler : List.of("modified-tau-leaping", "tau-leaping", "euler", "tweedie")) {
      for (String grid :
          List.of("uniform", "exponential-then-constant", "alpha-linear", "alpha-cosine")) {
        JsonNode sample =
            json("--sampler", sampler, "--grid", grid, "--steps", "5").get("samples").get(0);
        assertNotEquals("cancelled", sample.get("finish").asText());
        assertTrue(sample.get("evaluations").asInt() <= 5);
      }
    }
    for (String sampler :
        List.of(
            "confidence",
            "margin",
            "entropy",
            "candidate-confidence",
            "threshold:0.9",
            "entropy-bound:0.5",
            "dependence-bound:0.5",
            "theta-trapezoidal",
            "theta-trapezoidal:0.3",
            "remask-cap:0.3",
            "remask-rescale",
            "remask-confidence",
            "remask-loop:0.5")) {
      JsonNode document = json("--sampler", sampler);
      assertTrue(document.get("predicted_kl_nats").isNull());
      // The entropy bound has one: gamma times the mean number of steps.
      assertEquals(
          !sampler.startsWith("entropy-bound"),
          document.get("note").asText().startsWith("heuristic"),
          sampler);
      assertNotEquals("cancelled", document.get("samples").get(0).get("finish").asText());
    }
    for (String plan : List.of("optimal", "balanced", "cosine", "geometric", "front", "back")) {
      assertEquals(
          5, json("--plan", plan, "--steps", "5").get("samples").get(0).get("steps").asInt());
    }
    assertEquals(
        16, json("--sampler", "first-hitting").get("samples").get(0).get("evaluations").asInt());
  }

  @Test
  void aCorrectorCostsItsUpdatesAndPromisesNothing() throws IOException {
    String[] plain = {"--plan", "balanced", "--steps", "4"};
    JsonNode document =
        json(
            "--plan", "balanced", "--steps", "4", "--corrector", "gibbs", "--corrector-steps", "2");
    JsonNode sample = document.get("samples").get(0);
    assertEquals(4, sample.get("steps").asInt());
    assertEquals(12, sample.get("evaluations").asInt());
    assertNotEquals("cancelled", sample.get("finish").asText());
    assertTrue(document.get("predicted_kl_nats").isNull());
    assertNotEquals(json(plain).get("samples").get(0).get("text"), sample.get("text"));
  }

  @Test
  void aTemplateKeepsItsText() throws IOException {
    JsonNode first = json("--template", "the {3} sat {2}.").get("samples").get(0).get("tokens");
    assertEquals("the ".length() + 3 + " sat ".length() + 2 + 1, first.size());
    boolean[] varies = new boolean[first.size()];
    for (int seed = 1; seed <= 8; seed++) {
      JsonNode other =
          json("--template", "the {3} sat {2}.", "--seed", Integer.toString(seed))
              .get("samples")
              .get(0)
              .get("tokens");
      for (int i = 0; i < varies.length; i++) {
        varies[i] |= !other.get(i).equals(first.get(i));
      }
    }
    for (int i = 0; i < varies.length; i++) {
      boolean hole = (i >= 4 && i < 7) || (i >= 12 && i < 14);
      assertEquals(hole, varies[i], "position " + i);
    }
  }

  @Test
  void aPromptMayComeFromAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("prompt.txt"), "the dog");
    assertEquals(
        done(args("--prompt", "the dog")).out(),
        done(args("--prompt-file", file.toString())).out());
  }

  @Test
  void samplesDoNotDependOnHowManyAreMade() throws IOException {
    JsonNode many = json("--samples", "5", "--steps", "6");
    JsonNode one = json("--samples", "1", "--steps", "6");
    assertEquals(one.get("samples").get(0).get("text"), many.get("samples").get(0).get("text"));
  }

  @Test
  void badInputIsRefusedInOneLine() throws IOException {
    refused(new String[] {"--frobnicate"}, args("--frobnicate"));
    refused(new String[] {"config.json", "none"}, "generate", "--model", "none");
    refused(new String[] {"steps", "-3"}, args("--steps", "-3"));
    refused(new String[] {"steps", "1", "0"}, args("--steps", "0"));
    refused(new String[] {"samples", "-1"}, args("--samples", "-1"));
    refused(new String[] {"17 tokens", "16"}, args("--length", "17"));
    refused(new String[] {"temperature", "0"}, args("--temperature", "0"));
    refused(new String[] {"temperature", "NaN"}, args("--temperature", "NaN"));
    refused(new String[] {"top-p", "1.5"}, args("--top-p", "1.5"));
    refused(new String[] {"epsilon", "-1"}, args("--epsilon", "-1"));
    refused(new String[] {"prompt", "18", "16"}, args("--prompt", "the cat sat on the"));
    refused(new String[] {"'Q'", "U+0051"}, args("--prompt", "Q"));
    refused(new String[] {"{", "closed"}, args("--template", "the {3"));
    refused(new String[] {"}"}, args("--template", "the 3}"));
    refused(new String[] {"hole", "{0}"}, args("--template", "the {0}"));
    refused(new String[] {"no hole"}, args("--template", "the cat"));
    refused(new String[] {"at most one"}, args("--template", "{2}", "--prompt", "a"));
    refused(new String[] {"--length"}, args("--template", "{2}", "--length", "5"));
    refused(new String[] {"--epsilon"}, args("--steps", "4", "--epsilon", "1"));
    refused(new String[] {"sampler", "magic"}, args("--sampler", "magic"));
    refused(new String[] {"--plan"}, args("--sampler", "euler", "--plan", "cosine"));
    refused(new String[] {"--grid"}, args("--grid", "uniform"));
    refused(new String[] {"--steps"}, args("--sampler", "threshold:0.9", "--steps", "4"));
    refused(new String[] {"plan", "zigzag"}, args("--plan", "zigzag"));
    refused(new String[] {"corrector", "smooth"}, args("--corrector", "smooth"));
    refused(new String[] {"need --corrector"}, args("--corrector-steps", "2"));
    refused(
        new String[] {"corrector", "mask-predictor", "not for margin"},
        args("--sampler", "margin", "--corrector", "gibbs"));
    refused(
        new String[] {"corrector-steps", "0"},
        args("--corrector", "gibbs", "--corrector-steps", "0"));
    refused(new String[] {"theta", "1"}, args("--sampler", "theta-trapezoidal:1", "--steps", "3"));
    refused(new String[] {"eta", "7"}, args("--sampler", "remask-cap:7", "--steps", "3"));
    refused(new String[] {"sampler"}, args("--sampler", "remask-confidence:1", "--steps", "3"));
    refused(new String[] {"sampler"}, args("--sampler", "threshold", "--steps", "3"));
    refused(new String[] {"--grid"}, args("--sampler", "remask-loop", "--grid", "uniform"));
    refused(new String[] {"--precision", "fp8"}, args("--precision", "fp8"));
    refused(new String[] {"device", "tpu"}, args("--device", "tpu"));
    refused(new String[] {"cuda:7"}, args("--device", "cuda:7"));
    refused(new String[] {"threads", "0"}, args("--threads", "0"));
    refused(new String[] {"nowhere.txt"}, args("--prompt-file", "nowhere.txt"));
    Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, 0, 1});
    refused(new String[] {"UTF-8"}, args("--prompt-file", binary.toString()));
    Path huge = folder.resolve("huge.txt");
    try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength((64 << 20) + 1);
    }
    refused(
        new String[] {"--prompt-file", "huge.txt has 67,108,865 bytes; allowed: 67,108,864"},
        args("--prompt-file", huge.toString()));
  }

  @Test
  void brokenModelsAreRefusedInOneLine() throws IOException {
    broken("config.json", "{}", "config.json");
    broken("config.json", "not json", "config.json");
    broken("tokenizer.json", "{\"model\":{}}", "tokenizer.json");
    broken("information.json", "[]", "information.json");
    broken("model.safetensors", "short", "model.safetensors");
    Path copy = copy();
    byte[] weights = Files.readAllBytes(copy.resolve("model.safetensors"));
    Files.write(
        copy.resolve("model.safetensors"), java.util.Arrays.copyOf(weights, weights.length - 100));
    refused(new String[] {"model.safetensors"}, "generate", "--model", copy.toString());
    Files.delete(copy.resolve("model.safetensors"));
    refused(new String[] {"model.safetensors"}, "generate", "--model", copy.toString());
    Path other = copy();
    String config = Files.readString(other.resolve("config.json"));
    Files.writeString(
        other.resolve("config.json"), config.replace("\"layers\" : 1", "\"layers\" : 2"));
    refused(new String[] {"blocks.1.norm1.weight"}, "generate", "--model", other.toString());
    Files.writeString(
        other.resolve("config.json"), config.replace("\"width\" : 16", "\"width\" : 32"));
    refused(new String[] {"shape", "vocab_embed"}, "generate", "--model", other.toString());
    Path foreign = copy();
    Path tokenizer = foreign.resolve("tokenizer.json");
    done(
        "tokenizer",
        "train",
        "--corpus",
        folder.resolve("corpus.txt").toString(),
        "--kind",
        "byte",
        "--out",
        tokenizer.toString());
    refused(new String[] {"tokenizer.json"}, "generate", "--model", foreign.toString());
  }

  private static void broken(String file, String content, String says) throws IOException {
    Path copy = copy();
    Files.write(copy.resolve(file), content.getBytes(StandardCharsets.UTF_8));
    refused(new String[] {says}, "generate", "--model", copy.toString());
  }

  private static Path copy() throws IOException {
    Path copy = Files.createTempDirectory(folder, "copy");
    try (var files = Files.list(model)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }
}
