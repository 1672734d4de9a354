package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.dllm4j.engine.oracle.ExactLaw.TreeEdge;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.TestReporter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The golden file, the laws it speaks of, and the tally of one test's comparisons. */
public final class Golden {
  private static final Logger LOG = LoggerFactory.getLogger(Golden.class);
  private static final JsonNode FILE = read();

  private final String group;
  private int count;
  private double largest;

  /** Starts a tally. */
  public Golden(String group) {
    this.group = group;
  }

  /** A group of the file. */
  public static JsonNode file(String group) {
    return Objects.requireNonNull(FILE.get(group), group);
  }

  private static JsonNode read() {
    try (InputStream in =
        Objects.requireNonNull(Golden.class.getResourceAsStream("/golden/golden_masked.json"))) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** |actual - expected| at most 1e-10 max(1, |expected|). */
  public void close(String what, double actual, double expected) {
    double deviation = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
    check(what, actual, expected, deviation, deviation <= 1e-10);
  }

  /** |actual - expected| at most 1e-10 |expected| + 1e-13. */
  public void probability(String what, double actual, double expected) {
    double deviation = Math.abs(actual - expected);
    check(what, actual, expected, deviation, deviation <= 1e-10 * Math.abs(expected) + 1e-13);
  }

  private void check(String what, double actual, double expected, double deviation, boolean good) {
    count++;
    largest = Math.max(largest, deviation);
    if (!good) {
      Assertions.fail(
          String.format(Locale.ROOT, "%s: expected %s, got %s", what, expected, actual));
    }
  }

  /** All entries of an array of numbers. */
  public void close(String what, double[] actual, JsonNode expected) {
    close(what, actual, doubles(expected));
  }

  /** All entries of an array of numbers. */
  public void close(String what, double[] actual, double[] expected) {
    Assertions.assertEquals(expected.length, actual.length, what + ": length");
    for (int i = 0; i < actual.length; i++) {
      close(what + "[" + i + "]", actual[i], expected[i]);
    }
  }

  /** All entries of an array of probabilities. */
  public void probability(String what, double[] actual, JsonNode expected) {
    Assertions.assertEquals(expected.size(), actual.length, what + ": length");
    for (int i = 0; i < actual.length; i++) {
      probability(what + "[" + i + "]", actual[i], expected.get(i).asDouble());
    }
  }

  /** An array of integers, exactly. */
  public void same(String what, int[] actual, JsonNode expected) {
    Assertions.assertArrayEquals(integers(expected), actual, what);
    count += actual.length;
  }

  /** Publishes count and largest deviation; exactly this many values must have been compared. */
  public void report(TestReporter reporter, int expectedCount) {
    String line = String.format(Locale.ROOT, "%d values, largest deviation %.1e", count, largest);
    say(reporter, "golden " + group, line);
    Assertions.assertEquals(expectedCount, count, group + ": number of golden values compared");
  }

  /** Puts a measured line into the test report and the log. */
  public static void say(TestReporter reporter, String what, String line) {
    reporter.publishEntry(what, line);
    LOG.info("{}: {}", what, line);
  }

  /** The grid of a name such as expconst_N8, with T = 8 and delta = 0.02 as in the file's meta. */
  public static TimeGrid grid(String name) {
    int steps = Integer.parseInt(name.substring(name.indexOf("_N") + 2));
    return switch (name.substring(0, name.indexOf("_N"))) {
      case "uniform" -> TimeGrid.uniform(8, steps);
      case "expconst" -> TimeGrid.exponentialThenConstant(8, 0.02, steps);
      case "alpha_linear" -> TimeGrid.alphaLinear(8, steps);
      case "alpha_cosine" -> TimeGrid.alphaCosine(8, steps);
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** The plan of an entry of the group "tau_leaping". */
  public static ChancePlan tauLeaping(JsonNode entry) {
    String kind = entry.get("sampler").asText().toUpperCase(Locale.ROOT);
    return ChancePlan.of(grid(entry.get("grid").asText()), TauLeaping.valueOf(kind));
  }

  /** Numbers of an array. */
  public static double[] doubles(JsonNode array) {
    double[] values = new double[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asDouble();
    }
    return values;
  }

  /** Integers of an array. */
  public static int[] integers(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asInt();
    }
    return values;
  }

  private static double[][] matrix(JsonNode rows) {
    double[][] matrix = new double[rows.size()][];
    for (int r = 0; r < matrix.length; r++) {
      matrix[r] = doubles(rows.get(r));
    }
    return matrix;
  }

  /** The law of a name in the group "distributions". */
  public static ExactLaw law(String name) {
    JsonNode entry = Objects.requireNonNull(file("distributions").get(name), name);
    JsonNode p = entry.get("params");
    return switch (p.get("kind").asText()) {
      case "product" -> ExactLaw.product(matrix(p.get("marginals")));
      case "two_dirac" -> {
        double w = p.get("weight_a").asDouble();
        int[][] words = {integers(p.get("a")), integers(p.get("b"))};
        yield ExactLaw.diracMixture(words, new double[] {w, 1 - w}, p.get("S").asInt());
      }
      case "latent_parity" -> ExactLaw.latentParity(p.get("I0").asInt(), p.get("I1").asInt());
      case "zero_sum" -> ExactLaw.zeroSum(p.get("d").asInt(), p.get("q").asInt());
      case "reed_solomon" ->
          ExactLaw.reedSolomon(p.get("d").asInt(), p.get("k").asInt(), p.get("q").asInt());
      case "markov" ->
          ExactLaw.markov(p.get("d").asInt(), doubles(p.get("pi")), matrix(p.get("P")));
      case "hmm" ->
          ExactLaw.hiddenMarkov(
              p.get("d").asInt(), doubles(p.get("pi")), matrix(p.get("A")), matrix(p.get("B")));
      case "potts_chain" ->
          ExactLaw.potts(p.get("d").asInt(), p.get("q").asInt(), p.get("J").asDouble());
      case "tree_mrf" -> tree(p);
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static ExactLaw tree(JsonNode p) {
    List<TreeEdge> edges = new ArrayList<>();
    for (JsonNode edge : p.get("edges")) {
      edges.add(
          new TreeEdge(edge.get(0).asInt(), edge.get(1).asInt(), matrix(p.get("edge_potential"))));
    }
    return ExactLaw.tree(matrix(p.get("node_field")), edges);
  }
}
