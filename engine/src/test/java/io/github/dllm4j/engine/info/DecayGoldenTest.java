package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.oracle.ExactDecay;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What the laws of the uniform golden file know of themselves, and their best grids. */
class DecayGoldenTest {
  private static final double HORIZON = 8;

  @Test
  void informationFunctionals(TestReporter reporter) {
    Golden golden = new Golden("10a information functionals");
    for (String name : UniformGolden.CASES) {
      InformationCurve curve = UniformGolden.law(name).curve().orElseThrow();
      JsonNode expected = UniformGolden.values("10a_information", name);
      golden.close(name, curve.entropy(), expected.get("H").asDouble());
      golden.close(name, curve.totalCorrelation(), expected.get("total_correlation_C").asDouble());
      golden.close(
          name, curve.dualTotalCorrelation(), expected.get("dual_total_correlation_B").asDouble());
      golden.close(
          name,
          curve.effectiveTotalCorrelation(),
          expected.get("effective_total_correlation_D").asDouble());
      JsonNode rates = expected.get("I_at");
      for (String t : new String[] {"0.1", "1", "2"}) {
        golden.close(
            name, curve.informationRate(Double.parseDouble(t)), rates.get("t=" + t).asDouble());
      }
    }
    JsonNode closed = UniformGolden.values("10a_information", "twodirac_closed_form");
    for (int d : new int[] {2, 3, 4, 8, 12}) {
      int[][] words = {new int[d], new int[d]};
      Arrays.fill(words[1], 1);
      ExactLaw law = ExactLaw.diracMixture(words, new double[] {0.5, 0.5}, 2);
      golden.close(
          "two Diracs, d=" + d,
          law.curve().orElseThrow().effectiveTotalCorrelation(),
          closed.get("d=" + d).asDouble());
    }
    golden.report(reporter, 54);
  }

  @Test
  void optimalGrids(TestReporter reporter) {
    Golden golden = new Golden("10b optimal grids for the path KL");
    int count = 0;
    double[] candidates = candidates();
    for (String name : UniformGolden.cases("10b_optimal_grid_path_KL")) {
      InformationDecay decay = new ExactDecay(UniformGolden.law(name));
      for (JsonNode entry : UniformGolden.values("10b_optimal_grid_path_KL", name)) {
        int steps = entry.get("N").asInt();
        TimeGrid grid = ReverseGridPlanner.forSteps(decay, candidates, steps);
        golden.close(name, grid.toArray(), entry.get("grid"));
        close(golden, decay, grid, entry.get("path_KL_optimal"));
        close(golden, decay, TimeGrid.logLinear(1e-3, steps), entry.get("path_KL_loglinear"));
        close(golden, decay, TimeGrid.uniform(HORIZON, steps), entry.get("path_KL_sigma_uniform"));
        close(golden, decay, TimeGrid.geometric(6, 0.01, steps), entry.get("path_KL_geom_1e_2"));
        count += steps + 5;
      }
    }
    assertEquals(150, count);
    golden.report(reporter, 150);
  }

  /** 240 levels from 8 to 1e-3, evenly in the logarithm. */
  private static double[] candidates() {
    return Arrays.copyOf(TimeGrid.geometric(HORIZON, 1e-3, 240).toArray(), 240);
  }

  private static void close(Golden golden, InformationDecay decay, TimeGrid grid, JsonNode kl) {
    golden.close(grid.toString(), ReverseCost.pathKl(decay, grid), kl.asDouble());
  }

  /** phi is the slope, and neither phi nor e^sigma phi rises. */
  @Test
  void theRateIsTheSlope() {
    for (String name : UniformGolden.CASES) {
      InformationDecay decay = new ExactDecay(UniformGolden.law(name));
      double before = Double.POSITIVE_INFINITY;
      double scaledBefore = Double.POSITIVE_INFINITY;
      for (double sigma = 0.05; sigma < 6; sigma *= 1.3) {
        double h = 1e-4 * sigma;
        double slope = (decay.left(sigma - h) - decay.left(sigma + h)) / (2 * h);
        double rate = decay.rate(sigma);
        assertEquals(rate, slope, 1e-6 * rate + 1e-12, name + " at " + sigma);
        assertEquals(true, rate <= before && Math.exp(sigma) * rate <= scaledBefore * (1 + 1e-9));
        before = rate;
        scaledBefore = Math.exp(sigma) * rate;
      }
    }
  }

  @Test
  void refusesNonsense() {
    InformationDecay decay = new ExactDecay(UniformGolden.law("generic_S4_d2"));
    double[] two = {1, 0.5};
    assertArrayEquals(
        new double[] {1, 0.5, 0}, ReverseGridPlanner.forSteps(decay, two, 2).toArray());
    assertThrows(IllegalArgumentException.class, () -> ReverseGridPlanner.forSteps(decay, two, 3));
    assertThrows(IllegalArgumentException.class, () -> ReverseGridPlanner.forSteps(decay, two, 0));
    double infinite = Double.POSITIVE_INFINITY;
    assertThrows(IllegalArgumentException.class, () -> ReverseCost.dataBound(decay, infinite, 3));
    assertThrows(IllegalArgumentException.class, () -> ReverseCost.universalBound(2, 3, 1, 0));
  }
}
