package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The exact command against the golden values that the specification prints (section 14). */
class ExactCommandTest {
  @TempDir Path folder;

  private static String[] args(String options) {
    List<String> all = new ArrayList<>(List.of("exact", "--process", "masking"));
    all.addAll(List.of(options.split(" ")));
    return all.toArray(String[]::new);
  }

  private static JsonNode exact(String options) throws IOException {
    return done(args(options + " --json")).json();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "parity:k=3 --sampler modified-tau-leaping --grid uniform --steps 4|1.60273918902|1.3589043487",
        "parity:k=3 --sampler modified-tau-leaping --grid exponential-then-constant --steps 8"
            + "|0.548115603102|0.412052011898",
        "parity:k=3 --sampler mask-predictor --sizes 3,3|0.727804539588|0.480053965099",
        "parity:k=3 --sampler mask-predictor --sizes 2,2,2|0.485203026392|0.39304258811",
        "parity:k=3 --sampler mask-predictor --steps 3 --sizes 2,2,2|0.485203026392|0.39304258811",
        "parity:k=3 --sampler mask-predictor --plan optimal --steps 4|0.207944154168|0.147920130077"
      })
  void agreesWithTheSpecification(String options, double conditional, double marginal)
      throws IOException {
    JsonNode said = exact("--distribution " + options);
    assertEquals(conditional, said.get("conditional_kl_nats").asDouble(), 1e-10);
    assertEquals(marginal, said.get("kl_nats").asDouble(), 1e-10);
  }

  @Test
  void candidateConfidenceIsBiasedEvenForIndependentTokens() throws IOException {
    JsonNode said =
        exact("--distribution product:d=3,p=0.9 --sampler candidate-confidence --steps 3");
    assertEquals(0.364565350993, said.get("kl_nats").asDouble(), 1e-10);
    assertTrue(said.get("conditional_kl_nats").isNull());
    assertEquals(
        0,
        exact("--distribution product:d=3,p=0.9 --sampler confidence --steps 3")
            .get("kl_nats")
            .asDouble(),
        1e-12);
  }

  @Test
  void theContractOfTheJsonHolds() throws IOException {
    JsonNode said = exact("--distribution even-parity:d=5 --sampler first-hitting");
    for (String key :
        List.of(
            "kl_nats",
            "conditional_kl_nats",
            "tv",
            "evaluations",
            "process",
            "sampler",
            "grid",
            "steps",
            "off_support_mass")) {
      assertTrue(said.has(key), key);
    }
    assertEquals(0, said.get("kl_nats").asDouble(), 1e-12);
    assertEquals(5, said.get("evaluations").asDouble(), 1e-12);
    assertTrue(
        done(args("--distribution even-parity:d=5 --sampler confidence --steps 2"))
            .out()
            .contains("heuristic"));
  }

  /** What help says a family's keys are unless given, and what it says a file looks like. */
  @Test
  void helpSaysWhatLawsAre() throws IOException {
    List<String> families =
        List.of(Distributions.NAMES.replace("; or a JSON file", "").split("; ", -1));
    assertEquals(9, families.size());
    for (String law : families) {
      double[] usual = Distributions.of(law.replaceFirst(":.*", "")).table();
      assertArrayEquals(Distributions.of(law).table(), usual, law);
    }
    String json = Distributions.JSON_HELP.replaceFirst("[^{]*", "");
    Path file = Files.writeString(folder.resolve("law.json"), json.replace("0.1,0.1", "0.15,0.05"));
    // The last token changes fastest: 0 then 1 has the second probability.
    assertEquals(0.15, Distributions.of(file.toString()).table()[1], 1e-12);
    assertEquals(
        0.55, Distributions.of(file.toString()).conditionals(new int[] {2, 2})[0][0], 1e-12);
  }

  @Test
  void everyFamilyAndSamplerRuns() throws IOException {
    for (String law :
        List.of(
            "product:d=2",
            "dirac:d=3,w=0.3",
            "parity:k=2,b=3",
            "even-parity:d=4",
            "zero-sum:d=3,q=3",
            "reed-solomon:d=3,k=2,q=3",
            "markov:d=4,S=2,stay=0.7",
            "potts:d=3,q=2,J=0.5")) {
      for (String sampler :
          List.of(
              "modified-tau-leaping --steps 3",
              "tau-leaping --steps 3",
              "euler --steps 3",
              "tweedie --steps 3",
              "theta-trapezoidal --steps 3",
              "remask-cap:0.3 --steps 3",
              "remask-rescale --steps 3",
              "remask-confidence --steps 3",
              "remask-loop:0.5 --steps 3",
              "first-hitting",
              "mask-predictor --plan cosine --steps 2",
              "confidence --steps 2",
              "margin --steps 2",
              "entropy --steps 2",
              "candidate-confidence --steps 2",
              "threshold:0.8",
              "entropy-bound:0.4",
              "dependence-bound:0.1")) {
        assertTrue(
            exact("--distribution " + law + " --sampler " + sampler).get("tv").asDouble() < 1);
      }
    }
  }

  @Test
  void aTableMayComeFromAFile() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("law.json"),
            "{\"length\":2,\"vocabulary\":2,\"probabilities\":[0.5,0,0,0.5]}");
    JsonNode said =
        exact("--distribution " + file + " --sampler mask-predictor --plan balanced --steps 1");
    assertEquals(Math.log(2), said.get("kl_nats").asDouble(), 1e-12);
    assertEquals(0.5, said.get("tv").asDouble(), 1e-12);
    Files.writeString(file, "{\"length\":2,\"vocabulary\":2}");
    refused(
        new String[] {"law.json", "probabilities"},
        args("--distribution " + file + " --sampler euler --steps 1"));
    Files.writeString(file, "{\"length\":2,\"vocabulary\":2,\"probabilities\":[0.5,0.1]}");
    refused(
        new String[] {"law.json", "2"},
        args("--distribution " + file + " --sampler euler --steps 1"));
  }

  @Test
  void impossibleCombinationsAreRefused() {
    String law = "--distribution parity:k=2 ";
    refused(new String[] {"--steps is missing"}, args(law + "--sampler euler"));
    refused(new String[] {"--steps", "0"}, args(law + "--sampler euler --steps 0"));
    refused(new String[] {"--plan or --sizes"}, args(law + "--sampler mask-predictor --steps 2"));
    refused(
        new String[] {"not both"},
        args(law + "--sampler mask-predictor --plan cosine --sizes 2,2"));
    refused(new String[] {"--plan"}, args(law + "--sampler euler --plan cosine --steps 2"));
    refused(new String[] {"--grid"}, args(law + "--sampler confidence --grid uniform --steps 2"));
    refused(
        new String[] {"--horizon"},
        args(law + "--sampler euler --grid alpha-linear --horizon 3 --steps 2"));
    refused(new String[] {"--delta"}, args(law + "--sampler euler --delta 0.1 --steps 2"));
    refused(new String[] {"horizon", "-1"}, args(law + "--sampler euler --horizon -1 --steps 2"));
    refused(new String[] {"sampler", "magic"}, args(law + "--sampler magic --steps 2"));
    refused(new String[] {"steps"}, args(law + "--sampler first-hitting --steps 2"));
    refused(
        new String[] {"--distribution", "fog"},
        args("--distribution fog --sampler euler --steps 2"));
    refused(new String[] {"no z"}, args("--distribution parity:z=3 --sampler euler --steps 2"));
    refused(new String[] {"k", "0"}, args("--distribution parity:k=0 --sampler euler --steps 2"));
    refused(
        new String[] {"d", "99"},
        args("--distribution even-parity:d=99 --sampler euler --steps 2"));
    refused(
        new String[] {"masking or uniform", "gaussian"},
        "exact",
        "--process",
        "gaussian",
        "--distribution",
        "parity:k=2",
        "--sampler",
        "euler");
    refused(
        new String[] {"--sigma-min", "uniform"},
        args(law + "--sampler euler --steps 2 --sigma-min 0.1"));
    refused(
        new String[] {"corrector", "remask-cap"},
        args(law + "--sampler remask-cap --steps 2 --corrector gibbs"));
    refused(
        new String[] {"grid", "geometric"},
        args(law + "--sampler euler --steps 2 --grid geometric"));
    refused(new String[] {"states"}, args("--distribution markov:d=40 --sampler euler --steps 2"));
    refused(new String[] {"5", "4"}, args(law + "--sampler mask-predictor --sizes 2,3"));
    refused(
        new String[] {"--sizes has 2 steps", "got 3"},
        args(law + "--sampler mask-predictor --steps 3 --sizes 2,2"));
    // Together 4 in the arithmetic of ints.
    refused(
        new String[] {"4294967300"},
        args(law + "--sampler mask-predictor --sizes 2147483647,2147483647,6"));
    refused(
        new String[] {"k", "1,000,000", "2000000"},
        args("--distribution parity:k=2000000 --sampler euler --steps 2"));
    for (String number : List.of("NaN", "Infinity", "1e999", "x")) {
      refused(
          new String[] {"J must be a finite number", number},
          args("--distribution potts:J=" + number + " --sampler euler --steps 2"));
    }
  }
}
