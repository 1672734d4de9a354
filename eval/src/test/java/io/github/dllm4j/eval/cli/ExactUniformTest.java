package io.github.dllm4j.eval.cli;

import static io.github.dllm4j.eval.cli.Dllm.done;
import static io.github.dllm4j.eval.cli.Dllm.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The exact command with uniform noise. Golden values are those of group 03a and 05b of
 * golden_uniform.json, at 1e-10.
 */
class ExactUniformTest {
  private static final String PARITY = "--distribution even-parity:d=5 ";
  private static final String DIRACS = "--distribution dirac:d=4 ";

  @TempDir Path folder;

  private static String[] args(String options) {
    List<String> all = new ArrayList<>(List.of("exact", "--process", "uniform"));
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
        "--sampler tweedie --grid log-linear --steps 4|0.49807836603|0.392302689789",
        "--sampler euler --grid log-linear --steps 4|0.535658386168|0.414716179507",
        "--sampler tau-leaping --grid log-linear --steps 4|0.538158555952|0.416177660693",
        "--sampler additive-tau-leaping --grid log-linear --steps 4|0.542872590794|0.418923342837",
        "--sampler tweedie --grid log-linear --steps 16|0.156421119377|0.14480102633",
        "--sampler euler --grid log-linear --steps 16|0.164189340492|0.15141866414",
        "--sampler tau-leaping --grid log-linear --steps 16|0.171928366811|0.157960511018",
        "--sampler additive-tau-leaping --grid log-linear --steps 16|0.180353680751|0.165025155348",
        "--sampler tweedie --grid uniform --steps 2|0.69314718056|0.5",
        "--sampler euler --grid uniform --steps 2|0.69314718056|0.5",
        "--sampler tau-leaping --grid uniform --steps 2|0.693147177403|0.499999998421",
        "--sampler additive-tau-leaping --grid uniform --steps 2|0.69314718056|0.5",
        "--sampler tweedie --grid uniform --steps 8|0.691694098503|0.499272930854",
        "--sampler euler --grid uniform --steps 8|0.693147180115|0.499999999778",
        "--sampler tau-leaping --grid uniform --steps 8|0.693062762093|0.499957788985",
        "--sampler additive-tau-leaping --grid uniform --steps 8|0.6926931057|0.499772911016"
      })
  void agreesWithTheGoldenFile(String options, double kl, double tv) throws IOException {
    JsonNode said = exact(PARITY + options);
    assertEquals(kl, said.get("kl_nats").asDouble(), 1e-10);
    assertEquals(tv, said.get("tv").asDouble(), 1e-10);
    // Uniform on its support: what is missing there is the distance and the mass off support.
    assertEquals(tv, said.get("off_support_mass").asDouble(), 1e-10);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--grid log-linear --steps 4 --corrector-steps 1|0.452457205747|7",
        "--grid log-linear --steps 4 --corrector-steps 1 --corrector-sites parallel:2|0.503482234087|7",
        "--grid geometric --steps 4 --corrector-steps 1|0.0137216349132|7",
        "--grid geometric --steps 4 --corrector-steps 1 --corrector-sites parallel:2|0.184089886894|7",
        "--grid log-linear --steps 3 --corrector-steps 2|0.573250324225|7",
        "--grid log-linear --steps 3 --corrector-steps 2 --corrector-sites parallel:2|0.591358179263|7",
        "--grid geometric --steps 3 --corrector-steps 2|0.0137216349132|7",
        "--grid geometric --steps 3 --corrector-steps 2 --corrector-sites parallel:2|0.239937358554|7"
      })
  void correctorsAgreeWithTheGoldenFile(String options, double kl, int evaluations)
      throws IOException {
    JsonNode said = exact(PARITY + "--sampler tweedie --corrector gibbs " + options);
    assertEquals(kl, said.get("kl_nats").asDouble(), 1e-10);
    assertEquals(evaluations, said.get("evaluations").asDouble());
    assertEquals(options.contains("parallel"), said.get("note").asText().contains("heuristic"));
  }

  /**
   * The grid of least path KL has no more of it than the usual ones; here its samples are better
   * too.
   */
  @Test
  void theOptimalGridIsThePlanners() throws IOException {
    String law = "--distribution markov:d=4,S=3 --sampler additive-tau-leaping --steps 16 --grid ";
    double optimal = exact(law + "optimal").get("kl_nats").asDouble();
    assertTrue(optimal > 0 && optimal < exact(law + "log-linear").get("kl_nats").asDouble());
    assertEquals("optimal", exact(law + "optimal").get("grid").asText());
  }

  @Test
  void theContractOfTheJsonHolds() throws IOException {
    JsonNode said = exact(PARITY + "--sampler tweedie --steps 4 --grid log-linear");
    assertEquals("uniform", said.get("process").asText());
    assertEquals("tweedie", said.get("sampler").asText());
    assertEquals("log-linear", said.get("grid").asText());
    assertEquals(4, said.get("steps").asInt());
    assertEquals(4, said.get("evaluations").asDouble());
    assertTrue(said.get("conditional_kl_nats").isNull());
    assertTrue(said.get("note").isNull());
    assertTrue(
        done(args(
                PARITY
                    + "--sampler tweedie --steps 4 --corrector gibbs"
                    + " --corrector-sites parallel:2"))
            .out()
            .contains("heuristic"));
  }

  @Test
  void everyOptionChangesTheOutcome() throws IOException {
    String[] runs = {
      "--sampler tweedie --steps 4",
      "--sampler tweedie --steps 5",
      "--sampler euler --steps 4",
      "--sampler tau-leaping --steps 4",
      "--sampler additive-tau-leaping --steps 4",
      "--sampler rejecting-tau-leaping --steps 4",
      "--sampler maximal-coupling --steps 4",
      "--sampler tweedie --steps 4 --grid uniform",
      "--sampler tweedie --steps 4 --grid uniform --horizon 3",
      "--sampler tweedie --steps 4 --grid geometric",
      "--sampler tweedie --steps 4 --grid geometric --horizon 5",
      "--sampler tweedie --steps 4 --grid geometric --sigma-min 0.1",
      "--sampler tweedie --grid halving",
      "--sampler tweedie --grid halving --sigma-min 0.5",
      "--sampler tweedie --steps 4 --corrector gibbs",
      "--sampler tweedie --steps 4 --corrector gibbs --corrector-steps 3",
      "--sampler tweedie --steps 4 --corrector gibbs --corrector-steps 3 --corrector-sites sweep",
      "--sampler tweedie --steps 4 --corrector gibbs --corrector-sites parallel:2",
    };
    double[] distances = new double[runs.length];
    for (int r = 0; r < runs.length; r++) {
      distances[r] =
          exact("--distribution markov:d=3,S=2,stay=0.9 " + runs[r]).get("tv").asDouble();
    }
    assertEquals(runs.length, Arrays.stream(distances).distinct().count());
  }

  /** Random tables from a file; half of the mass of two independent draws is off the diagonal. */
  @Test
  void aTableMayComeFromAFile() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("law.json"),
            "{\"length\":2,\"vocabulary\":2,\"probabilities\":[0.5,0,0,0.5]}");
    JsonNode said = exact("--distribution " + file + " --sampler tweedie --steps 1");
    // One step from T = -ln 0.001: the answer is independent of the start but for alpha = 0.001.
    assertEquals(0.5, said.get("off_support_mass").asDouble(), 1e-3);
    assertEquals(Math.log(2), said.get("kl_nats").asDouble(), 1e-3);
    double better =
        exact("--distribution " + file + " --sampler tweedie --steps 64").get("kl_nats").asDouble();
    assertTrue(better > 0 && better < 0.02, "64 steps: " + better);
  }

  /** Two independent draws of probability 1e-200 are 0 in double: a word is missed. */
  @Test
  void aMissedWordIsInfinity() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("law.json"),
            "{\"length\":2,\"vocabulary\":2,\"probabilities\":[1,0,0,1e-200]}");
    JsonNode said = exact("--distribution " + file + " --sampler tweedie --steps 1");
    assertEquals("Infinity", said.get("kl_nats").asText());
    assertTrue(said.get("kl_nats").isTextual());
    JsonNode missed =
        done(
                "exact",
                "--process",
                "masking",
                "--distribution",
                file.toString(),
                "--sampler",
                "mask-predictor",
                "--sizes",
                "2",
                "--json")
            .json();
    assertEquals("Infinity", missed.get("kl_nats").asText());
    assertEquals(0, missed.get("tv").asDouble(), 1e-15);
  }

  @Test
  void impossibleCombinationsAreRefused() {
    String start = DIRACS + "--sampler tweedie ";
    refused(new String[] {"--steps is missing"}, args(DIRACS + "--sampler euler"));
    refused(new String[] {"--steps", "0"}, args(start + "--steps 0"));
    refused(new String[] {"--plan", "masking"}, args(start + "--steps 2 --plan cosine"));
    refused(new String[] {"--sizes", "masking"}, args(start + "--steps 2 --sizes 2,2"));
    refused(new String[] {"--delta", "masking"}, args(start + "--steps 2 --delta 0.1"));
    refused(new String[] {"sampler", "first-hitting"}, args(DIRACS + "--sampler first-hitting"));
    refused(new String[] {"grid", "alpha-linear"}, args(start + "--steps 2 --grid alpha-linear"));
    refused(new String[] {"--horizon", "log-linear"}, args(start + "--steps 2 --horizon 3"));
    refused(
        new String[] {"--sigma-min", "uniform"},
        args(start + "--steps 2 --grid uniform --sigma-min 0.1"));
    refused(
        new String[] {"sigma-min", "0.5", "0.3"},
        args(start + "--steps 2 --grid geometric --horizon 0.3 --sigma-min 0.5"));
    refused(
        new String[] {"horizon", "-1"}, args(start + "--steps 2 --grid geometric --horizon -1"));
    refused(new String[] {"--steps", "halving"}, args(start + "--steps 2 --grid halving"));
    refused(new String[] {"corrector", "magic"}, args(start + "--steps 2 --corrector magic"));
    refused(new String[] {"--corrector"}, args(start + "--steps 2 --corrector-steps 2"));
    refused(
        new String[] {"corrector-steps", "0"},
        args(start + "--steps 2 --corrector gibbs --corrector-steps 0"));
    refused(
        new String[] {"corrector-sites", "best"},
        args(start + "--steps 2 --corrector gibbs --corrector-sites best"));
    refused(
        new String[] {"states", "16384"},
        args("--distribution even-parity:d=20 --sampler tweedie --steps 2"));
    refused(
        new String[] {"number of", "2^40"},
        args("--distribution markov:d=40 --sampler tweedie --steps 2"));
  }
}
