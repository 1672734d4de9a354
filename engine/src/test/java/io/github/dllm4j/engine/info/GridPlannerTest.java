package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.sample.ChancePlan;
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

  @Test
  void refusesNonsense() {
    InformationCurve rising = InformationCurve.exact(0.5, 0.6);
    assertThrows(IllegalArgumentException.class, () -> GridPlanner.forSteps(rising, 2));
    InformationCurve falling = InformationCurve.exact(0.5, 0.4);
    assertThrows(IllegalArgumentException.class, () -> GridPlanner.forSteps(falling, 0));
  }
}
