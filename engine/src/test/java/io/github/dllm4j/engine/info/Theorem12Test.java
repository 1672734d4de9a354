package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.SamplingCost.PathCost;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Theorem 12 (spec section 4, K3) on every family of exact laws: with Delta the longest step,
 *
 * <pre>
 * path KL = sum_k integral over step k of (e^(t - u_{k+1}) - 1) I(t) dt
 *        &lt;= (e^Delta - 1)/Delta  sum_k h_k integral over step k of I(t) dt
 * initial KL &lt;= d e^-T ln S
 * </pre>
 */
class Theorem12Test {
  private static final int[] STEPS = {1, 2, 4, 8, 16, 32};
  private static final double[] HORIZONS = {2, 8};

  /** At least one law of every family. */
  static Map<String, ExactLaw> laws() {
    Map<String, ExactLaw> laws = new LinkedHashMap<>();
    Golden.file("distributions").fieldNames().forEachRemaining(n -> laws.put(n, Golden.law(n)));
    double[] table = new double[27];
    for (int word = 0; word < 27; word++) {
      table[word] = (1 + word * word % 11) / 144.0;
    }
    double total = Arrays.stream(table).sum();
    Arrays.setAll(table, w -> table[w] / total);
    laws.put("table_d3_S3", ExactLaw.table(3, 3, table));
    return laws;
  }

  static Stream<Map.Entry<String, ExactLaw>> named() {
    return laws().entrySet().stream();
  }

  private static List<TimeGrid> grids() {
    List<TimeGrid> grids = new ArrayList<>();
    for (int steps : STEPS) {
      for (double horizon : HORIZONS) {
        grids.add(TimeGrid.uniform(horizon, steps));
        grids.add(TimeGrid.exponentialThenConstant(horizon, 0.02, steps));
      }
    }
    return grids;
  }

  private static double longest(TimeGrid grid) {
    double longest = 0;
    for (int k = 0; k < grid.steps(); k++) {
      longest = Math.max(longest, grid.level(k) - grid.level(k + 1));
    }
    return longest;
  }

  private static double sharp(double delta) {
    return Math.expm1(delta) / delta;
  }

  /** How often the bound with some constant fails over all laws and grids. */
  private static int failures(DoubleUnaryOperator constant) {
    int failures = 0;
    for (ExactLaw law : laws().values()) {
      for (TimeGrid grid : grids()) {
        PathCost cost = SamplingCost.theorem12(law.curve().orElseThrow(), grid, law.symbols());
        double bound = constant.applyAsDouble(longest(grid)) * cost.theoremSum();
        failures += cost.discretisation() > bound + 1e-12 ? 1 : 0;
      }
    }
    return failures;
  }

  @Test
  void refusesAnEndlessHorizon() {
    TimeGrid endless = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 4);
    assertThrows(
        IllegalArgumentException.class,
        () -> SamplingCost.theorem12(InformationCurve.exact(0.5, 0.4), endless, 2));
  }

  @Test
  void theSharpConstantHoldsAndSmallerOnesAreRejected(TestReporter reporter) {
    int one = failures(delta -> 1);
    int half = failures(delta -> 0.5);
    Golden.say(
        reporter,
        "Theorem 12",
        String.format(
            Locale.ROOT,
            "%d laws x %d grids: sharp constant fails 0 times, constant 1 %d times, 1/2 %d times",
            laws().size(),
            grids().size(),
            one,
            half));
    assertEquals(0, failures(Theorem12Test::sharp));
    assertTrue(one > 0 && half > one, one + " and " + half);
  }

  @ParameterizedTest
  @MethodSource("named")
  void boundsHoldWithTheSlackPrinted(Map.Entry<String, ExactLaw> named, TestReporter reporter) {
    ExactLaw law = named.getValue();
    InformationCurve curve = law.curve().orElseThrow();
    double least = 1;
    double most = 0;
    double last = Double.NaN;
    for (TimeGrid grid : grids()) {
      PathCost cost = SamplingCost.theorem12(curve, grid, law.symbols());
      double bound = sharp(longest(grid)) * cost.theoremSum();
      assertTrue(cost.discretisation() <= bound + 1e-12, named.getKey() + grid);
      assertTrue(cost.discretisation() >= -1e-15, named.getKey() + grid);
      assertTrue(cost.initial() <= cost.initialBound() + 1e-15, named.getKey() + grid);
      assertTrue(cost.initial() >= -1e-15, named.getKey() + grid);
      assertTrue(
          cost.discretisation()
              <= Math.expm1(longest(grid)) * curve.dualTotalCorrelation() + 1e-12);
      if (bound > 1e-9) {
        last = cost.discretisation() / bound;
        least = Math.min(least, last);
        most = Math.max(most, last);
      }
    }
    String slack =
        most == 0
            ? "nothing to pay"
            : String.format(
                Locale.ROOT,
                "exact path KL is %.3f to %.3f of the bound, %.3f of it on 32 steps",
                least,
                most,
                last);
    Golden.say(reporter, "Theorem 12 on " + named.getKey(), slack);
  }

  /** The exact path KL of (K3) against the integral of the theorem's proof. */
  @ParameterizedTest
  @MethodSource("named")
  void theExactPathKlIsTheIntegral(Map.Entry<String, ExactLaw> named) {
    ExactLaw law = named.getValue();
    InformationCurve curve = law.curve().orElseThrow();
    TimeGrid grid = TimeGrid.uniform(4, 5);
    double integral = 0;
    double sum = 0;
    for (int k = 0; k < grid.steps(); k++) {
      double from = grid.level(k + 1);
      double h = grid.level(k) - from;
      integral += simpson(t -> Math.expm1(t - from) * curve.informationRate(t), from, from + h);
      sum += h * simpson(curve::informationRate, from, from + h);
    }
    PathCost cost = SamplingCost.theorem12(curve, grid, law.symbols());
    assertEquals(integral, cost.discretisation(), 1e-9, named.getKey());
    assertEquals(sum, cost.theoremSum(), 1e-9, named.getKey());
  }

  /** Simpson's rule with 400 panels; smooth integrands of length 0.8, error below 1e-11. */
  private static double simpson(DoubleUnaryOperator f, double from, double to) {
    int panels = 400;
    double width = (to - from) / panels;
    double sum = f.applyAsDouble(from) + f.applyAsDouble(to);
    for (int i = 0; i < panels; i++) {
      sum += 4 * f.applyAsDouble(from + (i + 0.5) * width);
      sum += i == 0 ? 0 : 2 * f.applyAsDouble(from + i * width);
    }
    return sum * width / 6;
  }

  /**
   * What the theorem is for: the samples of the sampler that it starts, through production code.
   */
  @Test
  void theSamplesAreWithinTheTheorem(TestReporter reporter) {
    double closest = 0;
    for (Map.Entry<String, ExactLaw> named : laws().entrySet()) {
      ExactLaw law = named.getValue();
      if (law.length() > 4) {
        continue;
      }
      Canvas canvas = Canvas.blank(law.length(), law.symbols());
      ExactSampling exact = new ExactSampling(new OracleDenoiser(law), canvas, 1, 1);
      for (double horizon : HORIZONS) {
        for (int steps : new int[] {1, 4, 16}) {
          TimeGrid grid = TimeGrid.uniform(horizon, steps);
          PathCost cost = SamplingCost.theorem12(law.curve().orElseThrow(), grid, law.symbols());
          ChancePlan plan = ChancePlan.of(grid, TauLeaping.MODIFIED);
          double kl = Divergence.kl(law.table(), exact.run(plan, Math.exp(-horizon)).law());
          double path = cost.discretisation() + cost.initial();
          assertTrue(kl <= path + 1e-12, named.getKey() + grid);
          closest = Math.max(closest, kl / path);
        }
      }
    }
    Golden.say(
        reporter,
        "Theorem 12, samples",
        String.format(Locale.ROOT, "KL of the samples at most %.3f of the path KL", closest));
  }
}
