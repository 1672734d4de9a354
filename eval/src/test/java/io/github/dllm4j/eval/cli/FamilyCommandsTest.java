package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code inspect}, {@code generate}, {@code evaluate}, {@code plan} and {@code steps} on a
 * checkpoint of every family: each does its work, or refuses in one line what does not fit.
 */
class FamilyCommandsTest {
  @TempDir static Path folder;
  private static String corpus;

  @BeforeAll
  static void text() throws IOException {
    corpus = Dllm.corpus(folder).toString();
  }

  private static String model(String name) {
    return Dllm.field(name).toString();
  }

  /** A command on a model, with options separated by spaces. */
  private static String[] args(String command, String name, String options) {
    return Stream.concat(
            Stream.of(command, "--model", model(name), "--threads", "1"),
            Stream.of(options.strip().split(" ")))
        .toArray(String[]::new);
  }

  static Stream<String> fixtures() {
    return Stream.of(
        "sedd-absorb",
        "sedd-uniform",
        "mdlm",
        "mdlm-time",
        "radd",
        "udlm",
        "udlm-classes",
        "duo",
        "llada",
        "llada-grouped",
        "dream");
  }

  private static boolean uniform(String name) {
    return List.of("sedd-uniform", "udlm", "udlm-classes", "duo").contains(name);
  }

  private static boolean llama(String name) {
    return List.of("llada", "llada-grouped", "dream").contains(name);
  }

  @ParameterizedTest
  @CsvSource({
    "sedd-absorb, sedd", "sedd-uniform, sedd", "mdlm, mdlm", "mdlm-time, mdlm", "radd, radd",
    "udlm, udlm", "udlm-classes, udlm", "duo, duo", "llada, llada", "llada-grouped, llada",
    "dream, dream"
  })
  void inspectTellsAPerson(String name, String family) {
    String out = done("inspect", "--model", model(name)).out();
    assertTrue(out.matches("(?s).*family +" + family + "\\R.*"), out);
    assertTrue(
        out.matches("(?s).*process +" + (uniform(name) ? "uniform" : "masking") + ".*"), out);
    refused(new String[] {"class"}, args("inspect", name, "--class 7"));
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void generateFillsATemplate(String name) throws IOException {
    JsonNode made =
        done(args("generate", name, "--template a{4}b{2} --steps 2 --samples 2 --seed 3 --json"))
            .json();
    assertEquals(2, made.get("samples").size());
    for (JsonNode sample : made.get("samples")) {
      assertTrue(sample.get("text").asText().startsWith("a"), made.toString());
      assertEquals(8, sample.get("tokens").size());
    }
    refused(new String[] {"tokens", "at most"}, args("generate", name, "--length 5000"));
    refused(
        new String[] {uniform(name) ? "--block-length is for masking" : "for uniform models"},
        args("generate", name, uniform(name) ? "--block-length 4" : "--horizon 3"));
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void aCacheIsForLlamasInBlocks(String name) throws IOException {
    String rule = "--length 12 --prompt a --seed 5 --temperature 0.000001";
    String blocks = rule + " --sampler confidence --steps 11 --block-length 4 --cache dual";
    if (uniform(name)) {
      refused(
          new String[] {"--cache is for masking models"}, args("generate", name, "--cache dual"));
      refused(
          new String[] {"--cache-refresh is for masking models"},
          args("generate", name, "--cache-refresh 2"));
      return;
    }
    refused(new String[] {"needs --block-length"}, args("generate", name, "--cache prefix"));
    refused(new String[] {"none, prefix or dual, got all"}, args("generate", name, "--cache all"));
    refused(
        new String[] {"needs --cache", "--cache-refresh 2"},
        args("generate", name, rule + " --cache-refresh 2"));
    refused(
        new String[] {"at least 1, got 0"}, args("generate", name, blocks + " --cache-refresh 0"));
    if (!llama(name)) {
      refused(
          new String[] {"LLaDA and Dream, the model is of family"}, args("generate", name, blocks));
      return;
    }
    Dllm cached = done(args("generate", name, blocks + " --json"));
    JsonNode made = cached.json();
    String plan = "balanced in blocks of 4, dual cache (approximate), refreshed at each block";
    assertEquals(plan, made.get("plan").asText());
    assertTrue(cached.err().contains(plan), cached.err());
    assertTrue(made.get("note").asText().contains("laws are approximate"), made.toString());
    assertTrue(made.get("predicted_kl_nats").isNull(), made.toString());
    JsonNode exact =
        done(args("generate", name, blocks.replace("dual", "none") + " --json")).json();
    assertEquals("balanced in blocks of 4", exact.get("plan").asText());
    JsonNode every = done(args("generate", name, blocks + " --cache-refresh 1 --json")).json();
    assertEquals(plan + " and every 1 steps", every.get("plan").asText());
    assertEquals(tokens(exact), tokens(every));
    if (name.equals("llada")) {
      String all = "--prompt abc --length 27 --temperature 0.000001 --sampler threshold:0.3";
      String[] kinds = {"none", "prefix", "dual"};
      JsonNode[] texts = new JsonNode[3];
      for (int i = 0; i < 3; i++) {
        String options = all + " --block-length 8 --json --cache " + kinds[i];
        texts[i] = tokens(done(args("generate", name, options)).json());
      }
      assertNotEquals(texts[0], texts[2], "the option changes what is made");
      refused(
          new String[] {"cannot go with a cache"},
          args("generate", name, all + " --block-length 8 --cache dual --regex [a-z]+"));
    }
  }

  private static JsonNode tokens(JsonNode made) {
    return made.get("samples").get(0).get("tokens");
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void evaluateAndPlanMeasure(String name) throws IOException {
    String text = " --corpus " + corpus + " --blocks 8 --length 10";
    JsonNode sampled = done(args("evaluate", name, "--estimator steps:2 --json" + text)).json();
    assertEquals(80, sampled.get("tokens").asInt());
    assertTrue(sampled.get("nats_per_token").asDouble() > Math.log(28) - 1, sampled.toString());
    String said = done(args("evaluate", name, "--counts 2" + text)).out();
    assertTrue(said.contains("nats/token"), said);
    refused(
        new String[] {"--length must be 1 to"},
        args("evaluate", name, text.replace("length 10", "length 5000")));

    JsonNode plan = done(args("plan", name, "--steps 3 --json" + text)).json();
    if (uniform(name)) {
      assertEquals("uniform", plan.get("process").asText());
      assertEquals(3, plan.get("plans").get(0).get("steps").asInt());
      refused(new String[] {"--check is not for"}, args("plan", name, "--check" + text));
      refused(new String[] {"plan needs --corpus"}, args("plan", name, "--steps 3"));
    } else {
      assertEquals(10, plan.get("information_curve").size());
      assertEquals(3, plan.get("plans").get(0).get("sizes").size());
      JsonNode own = done(args("plan", name, "--steps 3 --json")).json();
      assertEquals(3, own.get("plans").get(0).get("sizes").size(), "on the model's own samples");
    }
  }

  @ParameterizedTest
  @MethodSource("fixtures")
  void stepsComparesSamplers(String name) throws IOException {
    Path out = folder.resolve("steps-" + name);
    String how =
        " --length 10 --samples 2 --judge ngram:2 --validation-fraction 0.2 --steps 2,4 --corpus "
            + corpus
            + " --out "
            + out;
    String own = uniform(name) ? "tweedie" : "mask-predictor";
    done(args("steps", name, "--samplers " + own + (uniform(name) ? "" : " --blocks 2") + how));
    JsonNode report = Json.MAPPER.readTree(Files.readString(out.resolve("steps.json")));
    long rows = report.get("rows").findValuesAsText("sampler").stream().filter(own::equals).count();
    assertEquals(2, rows, report.toString());
    assertTrue(Files.size(out.resolve("report.html")) > 0);
    String other = uniform(name) ? "mask-predictor" : "psi:0.5";
    refused(
        new String[] {other.replaceFirst(":.*", "")},
        args("steps", name, "--samplers " + other + how + "2"));
    if (uniform(name)) {
      refused(
          new String[] {"--blocks is for masking models"},
          args("steps", name, "--samplers tweedie --blocks 2" + how + "3"));
    }
  }
}
