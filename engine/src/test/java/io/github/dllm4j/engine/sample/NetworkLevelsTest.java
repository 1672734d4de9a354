package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.ForwardingDenoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The noise level that a masked plan hands to the network, call by call: the exact laws ignore it,
 * so no law test sees a wrong one. Levels are compared to 1e-14 of their size, samples 0 to 19 of
 * seed 5; no random failures. The wrong twin is told the level of the next call, and must differ.
 */
class NetworkLevelsTest {
  private static final int MASK = 3;
  private static final int SAMPLES = 20;
  private static final long SEED = 5;
  private static final TimeGrid GRID = TimeGrid.of(4, 2, 1, 0.5, 0.2, 0);

  /** Two of eight tokens are given: a share of the holes is no share of the canvas. */
  private static final Canvas CANVAS =
      Canvas.of(new int[] {MASK, 1, MASK, MASK, 0, MASK, MASK, MASK}, MASK);

  /** A sequence that the network was asked about. */
  private record Asked(double sigma, int masked) {
    /** The level at which as many tokens are masked on the average. */
    double ofShare() {
      return -Math.log1p(-masked / (double) CANVAS.length());
    }
  }

  /** Knows the law and writes down what it is asked, batch by batch. */
  private static final class Recording extends ForwardingDenoiser {
    private final List<List<Asked>> batches = new ArrayList<>();

    Recording() {
      super(new OracleDenoiser(ExactLaw.potts(CANVAS.length(), MASK, 1)));
    }

    @Override
    public TokenLaws predict(TokenBatch batch, Rows rows) {
      batches.add(IntStream.range(0, batch.size()).mapToObj(b -> asked(batch, b)).toList());
      return inner.predict(batch, rows);
    }

    private static Asked asked(TokenBatch batch, int b) {
      int from = b * batch.length();
      int masked =
          (int)
              IntStream.range(from, from + batch.length())
                  .filter(i -> batch.token(i) == MASK)
                  .count();
      return new Asked(batch.sigma(b), masked);
    }
  }

  /** One sample's calls in their order, and the step of the plan that each belonged to. */
  private record Run(List<Asked> asked, List<Integer> steps) {
    double[] told() {
      return asked.stream().mapToDouble(Asked::sigma).toArray();
    }
  }

  private static Run run(RevealPlan plan, int sample) {
    Recording network = new Recording();
    List<Integer> steps = new ArrayList<>();
    SamplingTask task = SamplingTask.of(CANVAS, plan, SEED, sample);
    new Sampler(network, 1).run(List.of(task), event -> steps.add(event.step()));
    return new Run(network.batches.stream().map(batch -> batch.get(0)).toList(), steps);
  }

  private static boolean close(double a, double b) {
    return a == b || Math.abs(a - b) <= 1e-14 * Math.min(Math.abs(a), Math.abs(b));
  }

  /**
   * Every call is told what is expected of it, and not what is expected of the next one.
   *
   * @param next whether the next call of the plan must be told another level
   */
  private static void check(String what, double[] told, double[] expected, boolean next) {
    assertEquals(expected.length, told.length, what);
    for (int k = 0; k < told.length; k++) {
      assertTrue(
          close(told[k], expected[k]), what + ", call " + k + ": " + told[k] + ", " + expected[k]);
      if (next && k + 1 < told.length) {
        assertFalse(close(told[k], expected[k + 1]), what + ", call " + k + " as the next");
      }
    }
  }

  private static void check(RevealPlan plan, IntToDoubleFunction levelOfStep) {
    int calls = 0;
    for (int sample = 0; sample < SAMPLES; sample++) {
      Run run = run(plan, sample);
      double[] expected = run.steps().stream().mapToDouble(levelOfStep::applyAsDouble).toArray();
      check(plan + ", sample " + sample, run.told(), expected, true);
      calls += expected.length;
    }
    assertTrue(calls > 2 * SAMPLES, plan + ": only " + calls + " calls");
  }

  @Test
  void scheduledPlansTellTheLevelOfTheirStep() {
    check(ChancePlan.of(GRID, TauLeaping.MODIFIED), GRID::level);
    check(ChancePlan.of(GRID, TauLeaping.EULER), GRID::level);
    int[] masked = {6, 5, 3};
    check(SizePlan.of(1, 2, 3), k -> -Math.log1p(-masked[k] / 8.0));
  }

  /** Of the whole canvas, in blocks too. */
  @Test
  void adaptivePlansTellTheMaskedShareOfTheCanvas() {
    for (AdaptivePlan plan :
        List.of(
            AdaptivePlan.mostConfident(SizePlan.of(1, 2, 2, 1), Confidence.MARGIN),
            AdaptivePlan.threshold(0.5, Confidence.MAX_PROBABILITY),
            AdaptivePlan.entropyBound(0.3),
            AdaptivePlan.threshold(0.5, Confidence.CANDIDATE).inBlocks(3, 6))) {
      for (int sample = 0; sample < SAMPLES; sample++) {
        Run run = run(plan, sample);
        double[] expected = run.asked().stream().mapToDouble(Asked::ofShare).toArray();
        assertTrue(close(expected[0], -Math.log1p(-6 / 8.0)));
        check(plan.toString(), run.told(), expected, true);
      }
    }
  }

  /** The predictor's calls tell the grid's level, the two updates after each the masked share. */
  @Test
  void correctorUpdatesTellTheMaskedShareOfTheCanvas() {
    ChancePlan predictor = ChancePlan.of(GRID, TauLeaping.MODIFIED);
    for (int sample = 0; sample < SAMPLES; sample++) {
      Run run = run(new CorrectedPlan(predictor, 2), sample);
      int[] steps =
          Arrays.stream(predictor.revealSteps(CANVAS, SEED, sample)).sorted().distinct().toArray();
      assertEquals(3 * steps.length, run.asked().size());
      double[] expected = new double[3 * steps.length];
      for (int c = 0; c < expected.length; c++) {
        expected[c] = c % 3 == 0 ? GRID.level(steps[c / 3]) : run.asked().get(c).ofShare();
      }
      check("corrected, sample " + sample, run.told(), expected, false);
      for (int c = 0; c + 1 < expected.length; c++) {
        // Updates after the same step have as many masks; the predictor is told something else.
        assertEquals(c % 3 == 1, close(run.told()[c], expected[c + 1]), "call " + c);
      }
    }
  }

  @Test
  void remaskingTellsTheLevelOfItsStep() {
    check(RemaskPlan.capped(GRID, 0.3), GRID::level);
    check(RemaskPlan.rescaled(GRID, 0.5), GRID::level);
    check(RemaskPlan.byConfidence(GRID), GRID::level);
  }

  /** alpha = 2 k / 20 up to 0.9, where it stays from step 9 to step 19. */
  @Test
  void theLoopTellsTheLevelThatItStaysAt() {
    RemaskPlan plan = RemaskPlan.loop(20, 1);
    Set<Double> levels = new TreeSet<>();
    for (int sample = 0; sample < SAMPLES; sample++) {
      Run run = run(plan, sample);
      double[] expected =
          run.steps().stream().mapToDouble(k -> -Math.log(Math.min(9, k) / 10.0)).toArray();
      check(plan.toString(), run.told(), expected, false);
      Arrays.stream(expected).forEach(levels::add);
    }
    assertEquals(10, levels.size(), "levels " + levels);
  }

  /** Step 0 at level 0, then two moves and a step at each of the others. */
  @Test
  void movesAreMadeAtTheLevelThatWasReached() {
    RemaskPlan plan = RemaskPlan.forwardBackward(GRID, 2, 0.5);
    double[] levels = {4, 2, 2, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.2, 0.2, 0.2};
    assertEquals(levels.length, plan.steps());
    for (int sample = 0; sample < SAMPLES; sample++) {
      Run run = run(plan, sample);
      double[] expected = run.steps().stream().mapToDouble(k -> levels[k]).toArray();
      check(plan.toString(), run.told(), expected, false);
      assertTrue(Arrays.stream(expected).distinct().count() > 1);
    }
  }

  /**
   * In the clock v = -ln(mask probability m) the first leap goes the share theta of a step, so that
   * the second one starts at m = m0^(1 - theta) m1^theta.
   */
  @Test
  void theSecondLeapTellsTheLevelInBetween() {
    for (double theta : new double[] {0.3, 0.5}) {
      TimeGrid grid = TimeGrid.of(Double.POSITIVE_INFINITY, 2, 1, 0.5, 0.2, 0);
      int calls = 0;
      for (int sample = 0; sample < SAMPLES; sample++) {
        double[] told = run(TrapezoidalPlan.of(grid, theta), sample).told();
        double[] expected = new double[told.length];
        for (int c = 0; c < expected.length; c++) {
          double m0 = -Math.expm1(-grid.level(c / 2));
          double m1 = -Math.expm1(-grid.level(c / 2 + 1));
          double between = Math.pow(m0, 1 - theta) * Math.pow(m1, theta);
          expected[c] = c % 2 == 0 ? grid.level(c / 2) : -Math.log1p(-between);
        }
        check("theta " + theta + ", sample " + sample, told, expected, true);
        calls += told.length;
      }
      assertTrue(calls > 4 * SAMPLES, "only " + calls + " calls");
    }
  }

  /** Samples that come on at their own pace share a batch and are told different levels. */
  @Test
  void everySequenceOfABatchIsToldItsOwnLevel() {
    Recording network = new Recording();
    AdaptivePlan plan = AdaptivePlan.threshold(0.5, Confidence.CANDIDATE);
    List<SamplingTask> tasks =
        IntStream.range(0, SAMPLES).mapToObj(s -> SamplingTask.of(CANVAS, plan, SEED, s)).toList();
    new Sampler(network, SAMPLES).run(tasks, StepListener.NONE);
    int others = 0;
    for (List<Asked> batch : network.batches) {
      for (Asked asked : batch) {
        assertTrue(close(asked.sigma(), asked.ofShare()), asked.toString());
        others += close(asked.sigma(), batch.get(0).ofShare()) ? 0 : 1;
      }
    }
    assertTrue(others > 0, "the first sequence's level would have done for all");
  }
}
