package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Published checkpoints of every family through the commands that take a model. */
class FieldModelsTest {
  @TempDir static Path folder;
  private static String corpus;

  @BeforeAll
  static void text() throws IOException {
    corpus = Dllm.corpus(folder).toString();
  }

  private static Stream<String> fixtures() {
    return Stream.concat(FamilyCommandsTest.fixtures(), Stream.of("bd3lm", "bd3lm-plain"));
  }

  private static String model(String name) {
    return Dllm.field(name).toString();
  }

  private static int length(String name) {
    return switch (name) {
      case "llada", "dream" -> 64;
      case "llada-grouped" -> 192;
      case "bd3lm", "bd3lm-plain" -> 15;
      default -> 12;
    };
  }

  @ParameterizedTest
  @CsvSource({
    "sedd-absorb, sedd, masking, score, 28, true",
    "sedd-uniform, sedd, uniform, score, -1, true",
    "mdlm, mdlm, masking, denoiser, 28, false",
    "mdlm-time, mdlm, masking, denoiser, 28, true",
    "radd, radd, masking, denoiser, 28, false",
    "udlm, udlm, uniform, leave_one_out, -1, true",
    "udlm-classes, udlm, uniform, leave_one_out, -1, true",
    "duo, duo, uniform, leave_one_out, -1, true",
    "llada, llada, masking, denoiser, 31, false",
    "llada-grouped, llada, masking, denoiser, 31, false",
    "dream, dream, masking, denoiser, 33, false",
    "bd3lm, bd3lm, masking, denoiser, 29, false"
  })
  void inspectSaysWhatItIs(
      String name, String family, String process, String head, int mask, boolean timed)
      throws IOException {
    JsonNode facts = done("inspect", "--model", model(name), "--json").json();
    assertEquals(family, facts.get("family").asText());
    assertEquals(process, facts.get("process").asText());
    assertEquals(head, facts.get("head").asText());
    assertEquals(mask, facts.get("mask").asInt());
    assertEquals(timed, facts.get("time_conditioning").asBoolean());
    assertEquals(length(name), facts.get("length").asInt());
    assertFalse(facts.has("validation_nats_per_token"), "nothing is known of its training");
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void generateAndEvaluateRun(String name) throws IOException {
    JsonNode text =
        done(
                "generate",
                "--model",
                model(name),
                "--prompt",
                "the",
                "--length",
                "10",
                "--steps",
                "4",
                "--json")
            .json()
            .get("samples")
            .get(0);
    assertTrue(text.get("text").asText().startsWith("the"), text.toString());
    assertEquals(10, text.get("tokens").size());
    JsonNode bound =
        done("evaluate", "--model", model(name), "--corpus", corpus, "--blocks", "8", "--json")
            .json();
    assertEquals(8 * length(name), bound.get("tokens").asInt());
    // Random weights know nothing: no better than guessing among 28 letters by far.
    assertTrue(bound.get("nats_per_token").asDouble() > Math.log(28) - 1, bound.toString());
  }

  private static double nats(String name, String... more) throws IOException {
    List<String> args =
        new ArrayList<>(List.of("evaluate", "--model", name, "--corpus", corpus, "--json"));
    args.addAll(List.of("--blocks", "4"));
    args.addAll(List.of(more));
    return done(args.toArray(String[]::new)).json().get("nats_per_token").asDouble();
  }

  @Test
  void aClassIsChosen() throws IOException {
    String model = model("udlm-classes");
    assertEquals(3, done("inspect", "--model", model, "--json").json().get("classes").asInt());
    assertNotEquals(nats(model), nats(model, "--class", "1"));
    assertNotEquals(nats(model, "--class", "0"), nats(model, "--class", "1"));
    String out = folder.resolve("one").toString();
    done("convert", "--model", model, "--class", "1", "--out", out);
    assertEquals(nats(model, "--class", "1"), nats(out), 1e-5);
    refused(new String[] {"class must be 0 to 2, got 3"}, "inspect", "--model", model, "--class=3");
    refused(new String[] {"no classes"}, "inspect", "--model", out, "--class", "1");
    refused(new String[] {"no classes"}, "inspect", "--model", model("udlm"), "--class", "0");
    refused(
        new String[] {"no classes"}, "convert", "--model", out, "--class", "0", "--out", out + "2");
  }

  @Test
  void everyCommandKnowsTheClassOrRefusesIt() throws IOException {
    String model = model("udlm-classes");
    String[] plan = {"plan", "--model", model, "--corpus", corpus, "--blocks", "4", "--json"};
    String[] ofClass = Arrays.copyOf(plan, plan.length + 2);
    ofClass[plan.length] = "--class";
    ofClass[plan.length + 1] = "1";
    assertNotEquals(done(plan).out(), done(ofClass).out());
    String[] saved = Arrays.copyOf(ofClass, ofClass.length + 1);
    saved[ofClass.length] = "--save";
    refused(new String[] {"--class is not for --save"}, saved);
    String law = "parity:k=3";
    String[] why = {"--class"};
    refused(why, "plan", "--distribution", law, "--class", "1");
    String report = folder.resolve("report").toString();
    String[] steps = {"--samplers", "tweedie", "--steps", "2", "--out", report, "--class", "1"};
    refused(
        why,
        Stream.concat(Stream.of("steps", "--distribution", law), Stream.of(steps))
            .toArray(String[]::new));
  }

  @Test
  void aRunIsNotResumedForAnotherClass() throws IOException {
    String file = folder.resolve("of-a-class.json").toString();
    nats(model("udlm-classes"), "--class", "1", "--out", file);
    List<String> args =
        new ArrayList<>(List.of("evaluate", "--model", model("udlm-classes"), "--corpus", corpus));
    args.addAll(List.of("--blocks", "4", "--out", file, "--resume", "--class", "0"));
    refused(new String[] {"class must be 1"}, args.toArray(String[]::new));
  }

  private static JsonNode generated(String... more) throws IOException {
    List<String> args = new ArrayList<>(List.of("generate", "--model", model("llada"), "--json"));
    args.addAll(List.of("--length", "40", "--temperature", "0.000001"));
    args.addAll(List.of(more));
    return done(args.toArray(String[]::new)).json();
  }

  @Test
  void blocksChangeWhatIsMade() throws IOException {
    String[] rule = {"--prompt", "the", "--sampler", "threshold:0.6"};
    String[] blocks = Arrays.copyOf(rule, 6);
    blocks[4] = "--block-length";
    blocks[5] = "4";
    JsonNode whole = generated(rule);
    JsonNode inBlocks = generated(blocks);
    assertEquals("adaptive", whole.get("plan").asText());
    assertEquals("adaptive in blocks of 4", inBlocks.get("plan").asText());
    assertNotEquals(
        whole.get("samples").get(0).get("tokens"), inBlocks.get("samples").get(0).get("tokens"));
    JsonNode balanced =
        generated("--prompt", "the", "--sampler", "confidence", "--block-length=8", "--steps=10");
    assertEquals("balanced in blocks of 8", balanced.get("plan").asText());
    assertEquals(10, balanced.get("samples").get(0).get("steps").asInt());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--block-length 0 --sampler confidence|at least 1, got 0",
        "--block-length 4|not for mask-predictor",
        "--block-length 4 --sampler confidence --plan optimal|balanced",
        "--block-length 4 --sampler confidence --steps 3 --length 40|at least 10 steps, got 3",
        "--message hi --prompt the|at most one of"
      })
  void blocksAndMessagesThatDoNotFitAreRefused(String args, String says) {
    refused(
        new String[] {says},
        Stream.concat(
                Stream.of("generate", "--model", model("llada")), Arrays.stream(args.split(" ")))
            .toArray(String[]::new));
  }

  @Test
  void aMessageIsAnswered() throws IOException {
    JsonNode answer =
        generated("--message", "tell me", "--sampler", "threshold:0.6").get("samples").get(0);
    assertFalse(answer.get("text").asText().contains("tell me"), answer.toString());
    assertEquals(29, answer.get("tokens").get(0).asInt(), "<|startoftext|>");
    // To a model without a chat template a conversation is plain paragraphs.
    Dllm plain =
        Dllm.done("generate", "--message", "Who built it?", "--length", "40", "--steps", "2");
    assertFalse(plain.out().contains("Who built it?"), plain.out());
    assertFalse(plain.out().contains("Assistant:"), plain.out());
  }

  @Test
  void whatRunsHereIsNotAlwaysWritten() {
    String out = folder.resolve("llada-out").toString();
    refused(new String[] {"run as it is"}, "convert", "--model", model("llada"), "--out", out);
    refused(
        new String[] {"not trained and not written"},
        "export",
        "--model",
        model("llada"),
        "--to",
        "mdlm",
        "--out",
        out);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sedd-absorb", "mdlm", "mdlm-time", "radd", "llada", "dream"})
  void planMeasuresAModelThatMasks(String name) throws IOException {
    JsonNode plan =
        done(
                "plan",
                "--model",
                model(name),
                "--corpus",
                corpus,
                "--blocks",
                "8",
                "--steps",
                "3",
                "--json")
            .json();
    assertEquals(length(name), plan.get("information_curve").size());
    assertEquals(3, plan.get("plans").get(0).get("sizes").size());
  }
}
