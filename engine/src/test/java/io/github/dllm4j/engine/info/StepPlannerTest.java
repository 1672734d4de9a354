package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StepPlannerTest {

  /** A random curve of 8 tokens, sorted to fall or left as it is. */
  private static InformationCurve random(int sample, boolean falling) {
    double[] h = new double[8];
    Arrays.setAll(h, j -> KeyedRandom.uniform(3, sample, 0, j, Purpose.OTHER));
    if (falling) {
      double[] sorted = h.clone();
      Arrays.sort(sorted);
      Arrays.setAll(h, j -> sorted[7 - j]);
    }
    return InformationCurve.exact(h);
  }

  /** The least cost over all compositions of 8 into n parts. */
  private static double byEnumeration(InformationCurve curve, int n) {
    double best = Double.POSITIVE_INFINITY;
    for (int cuts = 0; cuts < 1 << 7; cuts++) {
      if (Integer.bitCount(cuts) == n - 1) {
        int[] sizes = new int[n];
        int block = 0;
        for (int i = 0; i < 8; i++) {
          sizes[block]++;
          block += cuts >> i & 1;
        }
        best = Math.min(best, SamplingCost.conditionalKl(curve, SizePlan.of(sizes)));
      }
    }
    return best;
  }

  @Test
  void severalThreadsMayAskAtOnce() {
    double[] h = new double[512];
    Arrays.setAll(h, j -> 5.0 / (1 + j));
    StepPlanner shared = new StepPlanner(InformationCurve.exact(h));
    Map<Integer, SizePlan> found =
        IntStream.rangeClosed(1, 64)
            .parallel()
            .map(n -> 1 + (37 * n) % 64)
            .boxed()
            .collect(Collectors.toConcurrentMap(n -> n, shared::forSteps));
    StepPlanner alone = new StepPlanner(InformationCurve.exact(h));
    assertEquals(64, found.size());
    found.forEach((n, plan) -> assertArrayEquals(alone.forSteps(n).sizes(), plan.sizes()));
  }

  @Test
  void findsTheBestOfAllPlans() {
    for (int sample = 0; sample < 40; sample++) {
      for (boolean falling : new boolean[] {true, false}) {
        InformationCurve curve = random(sample, falling);
        assertEquals(falling, curve.isNonIncreasing());
        StepPlanner planner = new StepPlanner(curve);
        for (int n = 8; n >= 1; n--) {
          SizePlan plan = planner.forSteps(n);
          assertEquals(n, plan.steps());
          double cost = SamplingCost.conditionalKl(curve, plan);
          assertEquals(byEnumeration(curve, n), cost, 1e-14, "curve " + sample + ", N = " + n);
        }
      }
    }
  }

  @Test
  void aBudgetGetsTheFewestSteps() {
    InformationCurve curve = random(1, true);
    for (double budget : new double[] {0, 0.01, 0.1, 0.5, 1, 100}) {
      SizePlan plan = new StepPlanner(curve).forBudget(budget);
      assertTrue(SamplingCost.conditionalKl(curve, plan) <= budget);
      int fewer = plan.steps() - 1;
      assertTrue(fewer == 0 || byEnumeration(curve, fewer) > budget, "budget " + budget);
    }
  }

  @Test
  void fourThousandTokensTakeAllSteps() {
    double[] h = new double[4096];
    Arrays.setAll(h, j -> 1 + 1 / Math.sqrt(1 + j));
    StepPlanner planner = new StepPlanner(InformationCurve.exact(h));
    assertEquals(4096, planner.forSteps(4096).steps());
    assertEquals(64, planner.forSteps(64).steps());
  }

  @Test
  void moreStepsThanTokensAreAsMany() {
    assertEquals(8, new StepPlanner(random(2, true)).forSteps(100).steps());
  }

  @Test
  void refusesNonsense() {
    StepPlanner planner = new StepPlanner(random(2, true));
    assertThrows(IllegalArgumentException.class, () -> planner.forSteps(0));
    assertThrows(IllegalArgumentException.class, () -> planner.forBudget(-1));
    assertThrows(IllegalArgumentException.class, () -> planner.forBudget(Double.NaN));
  }
}
