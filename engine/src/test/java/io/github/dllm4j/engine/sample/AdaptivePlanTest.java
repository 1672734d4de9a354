package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.HeapLaws;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class AdaptivePlanTest {
  private static final double[] SURE = {0.5, 0.9, 0.7, 0.9 + 1e-12, 0.2};
  private static final int[] AT = {0, 1, 2, 3, 4};

  @Test
  void keepsTheSurestAndTheLowestAmongEquals() {
    AdaptivePlan plan = AdaptivePlan.mostConfident(SizePlan.of(1, 3, 1), Confidence.MARGIN);
    assertArrayEquals(new int[] {1}, plan.keep(0, AT, SURE), "1e-12 is rounding");
    assertArrayEquals(new int[] {1, 2, 3}, plan.keep(1, AT, SURE));
    assertEquals(3, plan.steps(5));
    assertTrue(plan.heuristic());
  }

  /** More rows than are sorted by insertion; 7 i mod 40 is largest at 17, 34 and 11. */
  @Test
  void manyRowsAreComparedAsFewAre() {
    int[] at = IntStream.range(0, 40).toArray();
    double[] sure = IntStream.range(0, 40).mapToDouble(i -> 7 * i % 40 / 40.0).toArray();
    AdaptivePlan plan = AdaptivePlan.mostConfident(SizePlan.of(3, 1, 36), Confidence.MARGIN);
    assertArrayEquals(new int[] {11, 17, 34}, plan.keep(0, at, sure));
    assertArrayEquals(new int[] {17}, plan.keep(1, at, sure));
    assertArrayEquals(new int[] {0, 1, 2}, plan.keep(0, at, new double[40]), "the lowest first");
    AdaptivePlan threshold = AdaptivePlan.threshold(0.92, Confidence.MARGIN);
    assertArrayEquals(new int[] {11, 17, 34}, threshold.keep(0, at, sure));
  }

  @Test
  void aCacheKnowsNothingOfOtherBlocks() {
    Canvas canvas = Canvas.blank(4, 3);
    AdaptivePlan cached =
        AdaptivePlan.entropyBound(1)
            .inBlocks(2, 4)
            .cached(new ApproximateCache(ApproximateCache.Kind.PREFIX, 1));
    JointDraw draw = (tokens, holes, laws, temperature, topP, uniforms) -> new int[holes.length];
    SamplingTask task = SamplingTask.of(canvas, cached, 0, 0);
    assertTrue(refused(() -> task.withTogether(draw)).startsWith("holes cannot be drawn together"));
    AdaptivePlan pair =
        AdaptivePlan.entropyBound(1)
            .inBlocks(1, 2)
            .cached(new ApproximateCache(ApproximateCache.Kind.DUAL, 1));
    assertTrue(
        refused(() -> BlockPlan.of(new Blocks(2, 0), canvas, List.of(pair, pair)))
            .startsWith("a block's plan must be without a cache"));
  }

  @Test
  void aThresholdAlwaysKeepsTheSurest() {
    AdaptivePlan plan = AdaptivePlan.threshold(0.7, Confidence.MAX_PROBABILITY);
    assertArrayEquals(new int[] {1, 2, 3}, plan.keep(0, AT, SURE));
    assertArrayEquals(new int[] {0}, plan.keep(4, new int[] {1, 3}, new double[] {0.3, 0.2}));
    assertEquals(5, plan.steps(5));
    assertTrue(plan.heuristic());
  }

  @Test
  void theEntropyBoundCountsAllButTheLargest() {
    double[] minusEntropies = {-0.3, -0.1, -0.2, -0.5};
    // Ascending 0.1, 0.2, 0.3, 0.5: sums without the largest are 0, 0.1, 0.3, 0.6.
    assertArrayEquals(new int[] {1}, AdaptivePlan.entropyBound(0).keep(0, AT, minusEntropies));
    assertArrayEquals(new int[] {1, 2}, AdaptivePlan.entropyBound(0.2).keep(0, AT, minusEntropies));
    assertArrayEquals(
        new int[] {0, 1, 2}, AdaptivePlan.entropyBound(0.3).keep(0, AT, minusEntropies));
    int[] all = AdaptivePlan.entropyBound(0.6).keep(0, AT, minusEntropies);
    assertArrayEquals(new int[] {0, 1, 2, 3}, all);
    assertFalse(AdaptivePlan.entropyBound(1).heuristic());
  }

  @Test
  void blocksOpenOneAfterTheOther() {
    AdaptivePlan plan =
        AdaptivePlan.mostConfident(SizePlan.of(2, 1, 3, 1), Confidence.MARGIN).inBlocks(3, 7);
    assertArrayEquals(
        new int[] {3, 2, 1, 3, 2, 1, 1},
        IntStream.iterate(7, left -> left - 1).limit(7).map(plan::open).toArray());
    assertEquals(4, plan.steps(7));
    assertEquals("a plan for 7 holes cannot fill a canvas of 6", refused(() -> plan.steps(6)));
    assertEquals(5, AdaptivePlan.entropyBound(1).open(5));
    assertFalse(AdaptivePlan.entropyBound(1).inBlocks(2, 5).heuristic());
    assertTrue(plan.toString().endsWith(", in blocks of 3]"), plan.toString());
  }

  @Test
  void blocksMustFit() {
    AdaptivePlan plan = AdaptivePlan.mostConfident(SizePlan.of(2, 2, 2), Confidence.MARGIN);
    assertTrue(refused(() -> plan.inBlocks(3, 6)).startsWith("sizes must fill each block of 3"));
    assertTrue(refused(() -> plan.inBlocks(0, 6)).contains("at least 1 hole, got 0"));
    assertTrue(refused(() -> plan.inBlocks(2, 8)).contains("for 6 holes"));
  }

  private static String refused(Executable action) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void confidencesOfARow() {
    HeapLaws laws = HeapLaws.of(new double[][] {{0.2, 0.5, 0.3}, {1, 0, 0}});
    int[] drawn = {2, 0};
    assertArrayEquals(new double[] {0.5, 1}, Confidence.MAX_PROBABILITY.of(laws, drawn));
    assertArrayEquals(new double[] {0.2, 1}, Confidence.MARGIN.of(laws, drawn), 1e-15);
    double entropy = 0.2 * Math.log(0.2) + 0.5 * Math.log(0.5) + 0.3 * Math.log(0.3);
    assertArrayEquals(
        new double[] {entropy, 0}, Confidence.NEGATIVE_ENTROPY.of(laws, drawn), 1e-15);
    assertArrayEquals(new double[] {0.3, 1}, Confidence.CANDIDATE.of(laws, drawn));
    assertTrue(Confidence.CANDIDATE.looksAtDraws());
    assertFalse(Confidence.MARGIN.looksAtDraws());
  }
}
