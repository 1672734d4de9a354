package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The chances of remasking by hand: alpha 0, 0.5, 0.8, 1, so smax is 1, 0.4, 0. */
class RemaskPlanTest {
  private static final TimeGrid GRID =
      TimeGrid.of(Double.POSITIVE_INFINITY, Math.log(2), Math.log(1.25), 0);

  /** Weights e^-c of 1, 1/2 and 1/4. */
  private static final double[] SURE = {0, Math.log(2), Math.log(4)};

  @Test
  void byConfidenceWhatIsDrawnAgainstTheOddsGoesFirst() {
    RemaskPlan plan = RemaskPlan.byConfidence(GRID);
    assertArrayEquals(
        new double[] {0.4 * 4 / 7, 0.4 * 2 / 7, 0.4 / 7}, plan.remaskChances(1, SURE), 1e-15);
    assertArrayEquals(new double[3], plan.remaskChances(2, SURE));
    // s is 0 for a masked hole: (0.8 - 0.5) / 0.5.
    assertEquals(0.5, plan.fillChance(0), 1e-15);
    assertEquals(0.6, plan.fillChance(1), 1e-15);
    assertEquals(1, plan.fillChance(2), 1e-15);
  }

  @Test
  void capAndScaleLookAtNoConfidence() {
    RemaskPlan capped = RemaskPlan.capped(GRID, 0.3);
    assertArrayEquals(new double[] {0.3, 0.3, 0.3}, capped.remaskChances(1, SURE), 1e-15);
    assertEquals((0.8 - 0.7 * 0.5) / 0.5, capped.fillChance(1), 1e-15);
    RemaskPlan rescaled = RemaskPlan.rescaled(GRID, 0.3);
    assertArrayEquals(new double[] {0.12, 0.12, 0.12}, rescaled.remaskChances(1, SURE), 1e-15);
    assertEquals((0.8 - 0.88 * 0.5) / 0.5, rescaled.fillChance(1), 1e-15);
  }

  /** Of 20 steps the loop is 9 to 18, at alpha 0.9, where smax is 1/9. */
  @Test
  void theLoopRemasksInTheMiddleOnly() {
    for (int k = 0; k < 20; k++) {
      boolean inside = k >= 9 && k < 19;
      double small = RemaskPlan.loop(20, 0.05).remaskChances(k, new double[1])[0];
      assertEquals(inside ? 0.05 : 0, small, 1e-12, "step " + k);
      double large = RemaskPlan.loop(20, 0.7).remaskChances(k, new double[1])[0];
      assertEquals(inside ? 1.0 / 9 : 0, large, 1e-12, "step " + k);
    }
    // Filled in the loop as often as masked: s 0.9 / 0.1; before it (0.9 - 0.8) / 0.2.
    assertEquals(0.45, RemaskPlan.loop(20, 0.05).fillChance(12), 1e-12);
    assertEquals(0.5, RemaskPlan.loop(20, 0.05).fillChance(8), 1e-12);
  }
}
