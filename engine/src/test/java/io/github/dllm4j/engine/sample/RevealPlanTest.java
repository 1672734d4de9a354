package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ChiSquare;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every plan must do: {@code revealSteps} draws from the law that {@code chance} states. */
class RevealPlanTest {
  private static final int MASK = 9;
  private static final Canvas CANVAS = Canvas.of(new int[] {MASK, 1, MASK, MASK, 2, MASK}, MASK);

  static Stream<ScheduledPlan> plans() {
    return Stream.of(
        SizePlan.of(1, 2, 1),
        SizePlan.firstHitting(4),
        ChancePlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), TauLeaping.MODIFIED),
        ChancePlan.of(TimeGrid.uniform(3, 4), TauLeaping.EULER),
        ChancePlan.of(0.5, 0, 0.2, 0.3));
  }

  /** The probability of a whole assignment of steps to holes, by the chain rule of the chances. */
  private static double probability(ScheduledPlan plan, int[] steps) {
    double probability = 1;
    int masked = steps.length;
    for (int step = 0; step < plan.steps() && masked > 0; step++) {
      int k = step;
      int chosen = (int) Arrays.stream(steps).filter(s -> s == k).count();
      probability *= plan.chance(step, chosen, masked);
      masked -= chosen;
    }
    return probability;
  }

  /** Of the assignments of four steps to four holes; a step that a plan has not got is not hit. */
  private static double[] law(ScheduledPlan plan) {
    double[] law = new double[256];
    for (int code = 0; code < law.length; code++) {
      law[code] = probability(plan, new int[] {code / 64, code / 16 % 4, code / 4 % 4, code % 4});
    }
    assertEquals(1, Arrays.stream(law).sum(), 1e-12);
    return law;
  }

  /** Rate 1e-4 per plan, seed 11; the wrong twin is the law of the next plan. */
  @ParameterizedTest
  @MethodSource("plans")
  void drawsFollowTheStatedChances(ScheduledPlan plan) {
    long[] counts = new long[256];
    for (int sample = 0; sample < 20_000; sample++) {
      int code = 0;
      for (int step : plan.revealSteps(CANVAS, 11, sample)) {
        code = code * 4 + step;
      }
      counts[code]++;
    }
    double p = ChiSquare.pValue(law(plan), counts);
    assertTrue(p > 1e-4, plan + ": p-value " + p);
    List<ScheduledPlan> all = plans().toList();
    List<String> names = all.stream().map(Object::toString).toList();
    ScheduledPlan next = all.get((names.indexOf(plan.toString()) + 1) % all.size());
    double wrong = ChiSquare.pValue(law(next), counts);
    assertTrue(wrong < 1e-4, plan + " passes as " + next + ": p-value " + wrong);
  }

  @ParameterizedTest
  @MethodSource("plans")
  void expectedEvaluationsAreThoseOfTheDraws(ScheduledPlan plan) {
    int samples = 20_000;
    double sum = 0;
    for (int sample = 0; sample < samples; sample++) {
      sum += Arrays.stream(plan.revealSteps(CANVAS, 12, sample)).distinct().count();
    }
    // Sizes leave nothing to chance. A count between 1 and 4 has a standard deviation of at most
    // 1.5; four standard errors: rate below 1e-4.
    double tolerance = plan instanceof SizePlan ? 1e-12 : 4 * 1.5 / Math.sqrt(samples);
    assertEquals(plan.expectedEvaluations(4), sum / samples, tolerance);
  }

  @ParameterizedTest
  @MethodSource("plans")
  void noiseLevelsDescend(ScheduledPlan plan) {
    double[] sigmas = plan.sigmas(CANVAS, 13, 0);
    assertEquals(plan.steps(), sigmas.length);
    for (int k = 1; k < sigmas.length; k++) {
      assertTrue(sigmas[k] <= sigmas[k - 1] && sigmas[k] >= 0, plan + " at step " + k);
    }
  }

  /** The earlier step gets what is over, the later one gives what is too much. */
  @Test
  void tiesOfSizesAreSettledByTheirOrder() {
    assertArrayEquals(new int[] {2, 2, 1}, LargestRemainder.sizes(5, new double[] {1, 1, 1}));
    assertArrayEquals(
        new int[] {2, 1, 1, 1}, LargestRemainder.sizes(5, new double[] {1, 1, 1e-9, 1e-9}));
  }

  @Test
  void sizePlansKnowTheShareOfTheCanvasThatIsMasked() {
    double[] sigmas = SizePlan.of(1, 2, 1).sigmas(CANVAS, 0, 0);
    double[] masked = {4 / 6.0, 3 / 6.0, 1 / 6.0};
    for (int k = 0; k < 3; k++) {
      assertEquals(masked[k], -Math.expm1(-sigmas[k]), 1e-15);
    }
    assertEquals(Double.POSITIVE_INFINITY, SizePlan.of(2).sigmas(Canvas.blank(2, MASK), 0, 0)[0]);
  }

  /**
   * The level of step k is where the grid is before it; its last level, 0, is asked about never.
   */
  @ParameterizedTest
  @EnumSource(TauLeaping.class)
  void plansOfAGridTellItsLevels(TauLeaping kind) {
    for (TimeGrid grid :
        List.of(TimeGrid.uniform(3, 4), TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 5))) {
      double[] levels = Arrays.copyOf(grid.toArray(), grid.steps());
      assertArrayEquals(levels, ChancePlan.of(grid, kind).sigmas(CANVAS, 0, 0));
    }
  }

  /** Before the steps 0, 0.5, 0.5 and 0.7 are filled; a step of weight 0 changes nothing. */
  @Test
  void plansOfWeightsTellTheLevelOfWhatIsFilled() {
    double[] levels = {Double.POSITIVE_INFINITY, Math.log(2), Math.log(2), -Math.log(0.7)};
    assertArrayEquals(levels, ChancePlan.of(0.5, 0, 0.2, 0.3).sigmas(CANVAS, 0, 0), 1e-15);
  }

  @Test
  void modifiedAndTweedieAreTheSamePlan() {
    TimeGrid grid = TimeGrid.exponentialThenConstant(8, 0.02, 7);
    assertArrayEquals(
        ChancePlan.of(grid, TauLeaping.MODIFIED).weights(),
        ChancePlan.of(grid, TauLeaping.TWEEDIE).weights());
  }

  @Test
  void fromAnInfiniteHorizonAlphaLinearIsUniform() {
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 5);
    double[] fifths = {0.2, 0.2, 0.2, 0.2, 0.2};
    assertArrayEquals(fifths, ChancePlan.of(grid, TauLeaping.MODIFIED).weights(), 1e-15);
  }

  @Test
  void sizesAreCappedAndZerosDropped() {
    assertArrayEquals(new int[] {1, 1, 1}, SizePlan.cosine(3, 10).sizes());
    assertArrayEquals(new int[] {2, 1}, SizePlan.of(0, 2, 0, 1).sizes());
    assertArrayEquals(new int[] {2, 3, 3}, SizePlan.balancedLate(8, 3).sizes());
    assertEquals(0, SizePlan.balanced(0, 3).steps());
  }

  @Test
  void refuseNonsense() {
    assertThrows(IllegalArgumentException.class, () -> SizePlan.of(1, -1));
    assertThrows(IllegalArgumentException.class, () -> SizePlan.balanced(4, 0));
    assertThrows(IllegalArgumentException.class, () -> SizePlan.balanced(-1, 2));
    assertThrows(IllegalArgumentException.class, () -> SizePlan.geometric(4, 2, 0));
    assertThrows(IllegalArgumentException.class, () -> SizePlan.of(3).revealSteps(CANVAS, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> SizePlan.of(3).sigmas(CANVAS, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> ChancePlan.of(0.5, 0.4));
    assertEquals(0, ChancePlan.of(1.0).expectedEvaluations(0));
    assertEquals(1, ChancePlan.of(1 + 5e-10).expectedEvaluations(3));
    assertThrows(IllegalArgumentException.class, () -> ChancePlan.of(1.5, -0.5));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.of(1));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.of(1, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.of(2, 1));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.uniform(8, 0));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.alphaLinear(1, 8));
    assertThrows(
        IllegalArgumentException.class, () -> TimeGrid.uniform(Double.POSITIVE_INFINITY, 2));
    assertThrows(IllegalArgumentException.class, () -> TimeGrid.exponentialThenConstant(8, 9, 4));
    assertThrows(IllegalArgumentException.class, () -> TauLeaping.EULER.unmaskProbability(1, 2, 1));
    assertThrows(IllegalArgumentException.class, () -> TauLeaping.EULER.unmaskProbability(2, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> Canvas.of(new int[0], MASK));
    assertThrows(IllegalArgumentException.class, () -> Canvas.of(new int[] {-1}, MASK));
  }
}
