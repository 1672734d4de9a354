package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.sample.ChancePlan;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GridPlannerTest {

  @Test
  void noNeighbouringGridIsBetter() {
    InformationCurve curve = ExactLaw.potts(32, 3, 1.2).curve().orElseThrow();
    double[] best = GridPlanner.forSteps(curve, 6).weights();
    double cost = SamplingCost.conditionalKl(curve, ChancePlan.of(best));
    for (int k = 0; k + 1 < best.length; k++) {
      for (double shift : new double[] {-1e-3, 1e-3}) {
        double[] moved = best.clone();
        moved[k] += shift;
        moved[k + 1] -= shift;
        assertTrue(SamplingCost.conditionalKl(curve, ChancePlan.of(moved)) > cost);
      }
    }
    double uniform = SamplingCost.conditionalKl(curve, ChancePlan.of(.2, .2, .15, .15, .15, .15));
    assertTrue(cost < uniform);
  }

  @Test
  void independentTokensTakeAnyGrid() {
    InformationCurve flat = InformationCurve.exact(0.5, 0.5, 0.5);
    assertArrayEquals(new double[] {0.5, 0.5}, GridPlanner.forSteps(flat, 2).weights());
    assertArrayEquals(new double[] {1}, GridPlanner.forSteps(flat, 1).weights());
  }

  /** Of 1200 bits any 1199 are free: the curve falls so late that its slope is no number before. */
  @Test
  void curvesMayFallAtTheEndOnly() {
    double[] h = new double[1200];
    Arrays.fill(h, 0, 1199, Math.log(2));
    InformationCurve parity = InformationCurve.exact(h);
    for (int steps : new int[] {2, 3, 5}) {
      ChancePlan plan = GridPlanner.forSteps(parity, steps);
      double[] even = new double[steps];
      Arrays.fill(even, 1.0 / steps);
      double cost = SamplingCost.conditionalKl(parity, plan);
      assertTrue(cost < SamplingCost.conditionalKl(parity, ChancePlan.of(even)), steps + " steps");
    }
  }

  @Test
  void refusesNonsense() {
    InformationCurve rising = InformationCurve.exact(0.5, 0.6);
    assertThrows(IllegalArgumentException.class, () -> GridPlanner.forSteps(rising, 2));
    InformationCurve falling = InformationCurve.exact(0.5, 0.4);
    assertThrows(IllegalArgumentException.class, () -> GridPlanner.forSteps(falling, 0));
  }
}
