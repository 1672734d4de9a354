package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.InformationDecay;
import io.github.dllm4j.engine.info.ReverseCost;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.oracle.ExactDecay;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rates, bounds and grids measured on blocks against enumeration. */
class BlockDecayTest {
  private static final int LEVELS = 33;

  /** From 1e-3 to 8 nats, evenly in the logarithm. */
  private static double[] levels() {
    double[] levels = new double[LEVELS];
    Arrays.setAll(levels, n -> 1e-3 * Math.pow(8000, n / (LEVELS - 1.0)));
    levels[LEVELS - 1] = 8;
    return levels;
  }

  private static DecaySample sample(ExactLaw law, Denoiser head, int blocks, int batch) {
    double[] left = new double[blocks];
    List<double[]> rates = new ArrayList<>();
    double uniform = law.length() * Math.log(law.symbols());
    for (int e = 0; e < blocks; e++) {
      BlockDecay decay = BlockDecay.of(head, law.sample(5, e), levels(), 8, e, batch, 3);
      left[e] = uniform - decay.bound();
      rates.add(decay.rates());
    }
    return DecaySample.of(levels(), left, rates);
  }

  /**
   * Each rate and the KL from the uniform law within 5 standard errors of enumeration, at levels
   * where 50 tokens or more are expected to change. At fewer the errors themselves are not to be
   * trusted: at 1e-3 nats two or three of 4000 tokens change. Where 50 do, a Poisson number is 5 of
   * its own roots below its mean once in ten thousand.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "product_S3_d3",
        "twodirac_S2_d4",
        "twodirac_S3_d3",
        "evenparity_S2_d5",
        "markov_S3_d4",
        "generic_S4_d2",
        "latentparity_S2_d4"
      })
  void ratesAreThoseOfTheLaw(String name) {
    ExactLaw law = UniformGolden.law(name);
    InformationDecay exact = new ExactDecay(law);
    DecaySample measured = sample(law, NoisyOracle.uniform(law), 2000, 64);
    assertEquals(2000, measured.examples());
    double[] levels = measured.levels();
    int compared = 0;
    for (int n = 0; n < levels.length; n++) {
      double changed = -Math.expm1(-levels[n]) * (1 - 1.0 / law.symbols());
      if (2000 * law.length() * changed >= 50) {
        within(5, exact.rate(levels[n]), measured.rate(n), name + " at " + levels[n]);
        compared++;
      }
    }
    assertTrue(compared >= 22, compared + " levels");
    // The bound is above the entropy by the prior and reconstruction gaps, below 1e-3 together.
    Estimate left = measured.left();
    assertEquals(exact.left(0), left.mean(), 5 * left.standardError() + 1e-3, name);
  }

  @Test
  void aWrongTagIsSeen() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    InformationDecay exact = new ExactDecay(law);
    DecaySample wrong = sample(law, TestHeads.denoiserInTheWrongSlot(law), 300, 64);
    DecaySample right = sample(law, TestHeads.denoiser(law), 300, 64);
    double[] levels = wrong.levels();
    int off = 0;
    for (int n = 0; n < levels.length; n++) {
      if (levels[n] > 0.1) {
        within(5, exact.rate(levels[n]), right.rate(n), "at " + levels[n]);
      }
      Estimate rate = wrong.rate(n);
      off += Math.abs(rate.mean() - exact.rate(levels[n])) > 10 * rate.standardError() ? 1 : 0;
    }
    assertTrue(off > LEVELS / 2, off + " of " + LEVELS);
  }

  private static void within(double errors, double truth, Estimate estimate, String what) {
    assertEquals(truth, estimate.mean(), errors * estimate.standardError() + 1e-9, what);
  }

  /**
   * Grids chosen on one half and priced on the other: the price within 4.5 standard errors of the
   * grid's true path KL, but for the lines between levels (2 % of the KL from the uniform law), and
   * the true path KL of the choice at most 5 % above the optimum of golden 10b.
   */
  @Test
  void gridsAreAlmostTheBest() {
    for (String name : UniformGolden.cases("10b_optimal_grid_path_KL")) {
      ExactLaw law = UniformGolden.law(name);
      InformationDecay exact = new ExactDecay(law);
      DecaySample measured = sample(law, NoisyOracle.uniform(law), 1000, 64);
      ReversePlanner planner = ReversePlanner.of(measured);
      for (JsonNode entry : UniformGolden.values("10b_optimal_grid_path_KL", name)) {
        TimeGrid grid = planner.forSteps(entry.get("N").asInt());
        Estimate price = planner.pathKl(grid);
        assertEquals(500, price.count());
        double truth = ReverseCost.pathKl(exact, grid);
        double lines = 0.02 * exact.left(0);
        assertEquals(truth, price.mean(), 4.5 * price.standardError() + lines, name + grid);
        double best = entry.get("path_KL_optimal").asDouble();
        assertTrue(truth >= best - 1e-10 && truth <= 1.05 * best, truth + " for " + best + name);
      }
    }
  }

  /** The law at the first level is not uniform yet: whoever begins there from noise pays for it. */
  @Test
  void gridsThatBeginLowPayForTheirBeginning() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    InformationDecay exact = new ExactDecay(law);
    DecaySample measured = sample(law, NoisyOracle.uniform(law), 1000, 64);
    for (double horizon : new double[] {1e-2, 0.1, 1, 3}) {
      TimeGrid grid = TimeGrid.uniform(horizon, 64);
      Estimate price = measured.pathKl(grid);
      double truth = ReverseCost.pathKl(exact, grid);
      assertTrue(truth > 0.9 * exact.left(horizon));
      double lines = 0.02 * exact.left(0);
      assertEquals(truth, price.mean(), 4.5 * price.standardError() + lines, grid.toString());
    }
  }

  @Test
  void anExactDecayPricesItself() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    ReversePlanner planner = ReversePlanner.of(new ExactDecay(law), 8);
    JsonNode entry = UniformGolden.values("10b_optimal_grid_path_KL", "markov_S3_d4").get(0);
    int steps = entry.get("N").asInt();
    Estimate price = planner.pathKl(planner.forSteps(steps));
    assertEquals(entry.get("path_KL_optimal").asDouble(), price.mean(), 1e-10);
    double budget = planner.pathKl(planner.forSteps(10)).mean();
    assertEquals(10, planner.forBudget(budget).steps());
    assertEquals(11, planner.forBudget(budget * (1 - 1e-9)).steps());
    assertThrows(IllegalArgumentException.class, () -> planner.forBudget(0));
  }

  @Test
  void theBatchChangesNothing() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    DecaySample one = sample(law, NoisyOracle.uniform(law), 4, 1);
    DecaySample many = sample(law, NoisyOracle.uniform(law), 4, 100);
    assertArrayEquals(new double[] {one.left().mean()}, new double[] {many.left().mean()}, 1e-12);
    assertEquals(one.rate(7).mean(), many.rate(7).mean(), 1e-12);
  }

  @Test
  void smoothedRatesFallAsTheyMust() {
    ExactLaw law = UniformGolden.law("twodirac_S3_d3");
    ReversePlanner planner = ReversePlanner.of(sample(law, NoisyOracle.uniform(law), 8, 64));
    double[] levels = planner.levels();
    double[] rates = planner.rates();
    for (int n = 1; n < levels.length; n++) {
      assertTrue(rates[n] >= rates[n - 1] && rates[n - 1] >= 0);
      double scaled = Math.exp(levels[n]) * rates[n];
      assertTrue(scaled >= Math.exp(levels[n - 1]) * rates[n - 1] * (1 - 1e-12));
    }
  }

  @Test
  void badSamplesAreRefused() {
    double[] two = {1, 2};
    List<double[]> rates = List.of(two, two);
    assertThrows(IllegalArgumentException.class, () -> DecaySample.of(two, two, List.of(two)));
    assertThrows(
        IllegalArgumentException.class, () -> DecaySample.of(new double[] {2, 1}, two, rates));
    assertThrows(
        IllegalArgumentException.class, () -> DecaySample.of(new double[] {1}, two, rates));
    DecaySample sample = DecaySample.of(two, two, rates);
    assertThrows(IllegalStateException.class, () -> sample.half(true));
    assertThrows(IllegalArgumentException.class, () -> sample.pathKl(TimeGrid.of(3, 1, 0)));
  }
}
