package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The sampler draws from the law that {@link ExactSampling} computes: chi-square at false-alarm
 * rate 1e-4 per case, seeds fixed. Beside each, the same counts against a law that is deliberately
 * wrong, which must be rejected.
 */
class SamplerLawTest {
  private static final int SAMPLES = 40_000;
  private static final DependenceKernel MARKOV =
      DependenceKernel.of(new double[][] {{0.3, 0.1, 0.03}, {0}});
  private static final DependenceKernel HMM =
      DependenceKernel.of(new double[][] {{0.03, 0.02, 0.01}, {0.01}});

  record Case(String law, RevealPlan plan, RevealPlan wrong) {}

  static Stream<Case> cases() {
    TimeGrid grid = TimeGrid.uniform(8, 4);
    return Stream.of(
        new Case("markov_d4_S2", SizePlan.of(2, 2), SizePlan.of(3, 1)),
        new Case("latent_parity_k2", SizePlan.of(1, 2, 1), SizePlan.of(2, 2)),
        new Case("zero_sum_d4_q3", SizePlan.of(2, 2), SizePlan.of(3, 1)),
        new Case("latent_parity_k2", SizePlan.firstHitting(4), SizePlan.of(2, 1, 1)),
        new Case(
            "markov_d4_S2",
            ChancePlan.of(grid, TauLeaping.MODIFIED),
            ChancePlan.of(grid, TauLeaping.TRUNCATED)),
        new Case(
            "latent_parity_k2",
            ChancePlan.of(grid, TauLeaping.TRUNCATED),
            ChancePlan.of(grid, TauLeaping.MODIFIED)),
        new Case(
            "hmm_d4_S3",
            ChancePlan.of(TimeGrid.exponentialThenConstant(8, 0.02, 4), TauLeaping.EULER),
            SizePlan.of(4)),
        new Case(
            "latent_parity_k2",
            ChancePlan.of(TimeGrid.exponentialThenConstant(8, 0.02, 4), TauLeaping.TWEEDIE),
            SizePlan.of(4)),
        new Case(
            "markov_d4_S2",
            ChancePlan.of(TimeGrid.exponentialThenConstant(8, 0.02, 4), TauLeaping.POISSON_REJECT),
            SizePlan.of(4)),
        new Case(
            "markov_d4_S2",
            AdaptivePlan.mostConfident(SizePlan.of(2, 2), Confidence.MAX_PROBABILITY),
            SizePlan.of(2, 2)),
        new Case(
            "hmm_d4_S3",
            AdaptivePlan.mostConfident(SizePlan.of(2, 1, 1), Confidence.NEGATIVE_ENTROPY),
            SizePlan.of(4)),
        new Case(
            "zero_sum_d4_q3",
            AdaptivePlan.threshold(0.5, Confidence.MAX_PROBABILITY).inBlocks(3, 4),
            SizePlan.of(4)),
        new Case(
            "markov_d4_S2",
            AdaptivePlan.mostConfident(SizePlan.of(2, 2), Confidence.MAX_PROBABILITY)
                .inBlocks(2, 4),
            AdaptivePlan.mostConfident(SizePlan.of(2, 2), Confidence.MAX_PROBABILITY)),
        new Case(
            "markov_d4_S2",
            AdaptivePlan.threshold(0.8, Confidence.MAX_PROBABILITY),
            SizePlan.of(4)),
        new Case(
            "markov_d4_S2",
            AdaptivePlan.mostConfident(SizePlan.of(2, 2), Confidence.MARGIN),
            SizePlan.of(2, 2)),
        new Case(
            "hmm_d4_S3",
            AdaptivePlan.mostConfident(SizePlan.of(2, 1, 1), Confidence.CANDIDATE),
            AdaptivePlan.mostConfident(SizePlan.of(2, 1, 1), Confidence.MAX_PROBABILITY)),
        new Case(
            "markov_d4_S2",
            AdaptivePlan.threshold(0.8, Confidence.CANDIDATE),
            AdaptivePlan.threshold(0.8, Confidence.MAX_PROBABILITY)),
        new Case("latent_parity_k2", AdaptivePlan.entropyBound(0.5), AdaptivePlan.entropyBound(5)),
        new Case(
            "markov_d4_S2",
            AdaptivePlan.dependenceBound(0.05, MARKOV),
            AdaptivePlan.dependenceBound(5, MARKOV)),
        new Case(
            "hmm_d4_S3",
            AdaptivePlan.dependenceBound(0.03, HMM),
            AdaptivePlan.dependenceBound(5, HMM)),
        new Case(
            "markov_d4_S2",
            TrapezoidalPlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), 0.3),
            TrapezoidalPlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), 0.9)),
        new Case(
            "latent_parity_k2",
            TrapezoidalPlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), 0.5),
            ChancePlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), TauLeaping.MODIFIED)),
        new Case(
            "markov_d4_S2",
            RemaskPlan.rescaled(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 6), 1),
            RemaskPlan.rescaled(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 6), 0)),
        new Case(
            "hmm_d4_S3",
            RemaskPlan.capped(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 4), 0.5),
            RemaskPlan.capped(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 4), 0)),
        new Case(
            "markov_d4_S2",
            RemaskPlan.byConfidence(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 5)),
            RemaskPlan.rescaled(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 5), 0)),
        new Case(
            "markov_d4_S2",
            new CorrectedPlan(SizePlan.of(2, 2), 3),
            new CorrectedPlan(SizePlan.of(2, 2), 1)),
        new Case(
            "hmm_d4_S3",
            new CorrectedPlan(
                ChancePlan.of(
                    TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 2), TauLeaping.MODIFIED),
                4),
            ChancePlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 2), TauLeaping.MODIFIED)),
        new Case("markov_d4_S2", RemaskPlan.loop(8, 1), RemaskPlan.loop(8, 0)),
        new Case(
            "latent_parity_k2",
            RemaskPlan.forwardBackward(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 2), 3, 0.3),
            RemaskPlan.forwardBackward(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 2), 0, 0.3)));
  }

  private static long[] counts(
      Denoiser oracle, Canvas canvas, RevealPlan plan, double temperature, double topP) {
    int symbols = oracle.vocabulary() - 1;
    long[] counts = new long[(int) Math.pow(symbols, canvas.holeCount())];
    List<SamplingTask> tasks =
        IntStream.range(0, SAMPLES)
            .mapToObj(s -> new SamplingTask(canvas, plan, 2026, s, temperature, topP))
            .toList();
    for (Sample sample : new Sampler(oracle, 500).run(tasks, StepListener.NONE)) {
      int index = 0;
      for (int hole : canvas.holes()) {
        index = index * symbols + sample.tokens()[hole];
      }
      counts[index]++;
    }
    return counts;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theSamplerFollowsItsExactLaw(Case test) {
    ExactLaw law = Golden.law(test.law());
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(law));
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    ExactSampling exact = new ExactSampling(oracle, canvas, 1, 1);
    long[] counts = counts(oracle, canvas, test.plan(), 1, 1);
    double p = ChiSquare.pValue(exact.outputLaw(test.plan()), counts);
    assertTrue(p > 1e-4, test + ": p-value " + p);
    double wrong = ChiSquare.pValue(exact.outputLaw(test.wrong()), counts);
    assertTrue(wrong < 1e-4, test + ": the wrong law passes with p-value " + wrong);
  }

  /** Plans of every kind but blocks, for four holes of a canvas with a prompt. */
  static Stream<RevealPlan> shapedPlans() {
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3);
    return Stream.of(
        SizePlan.of(2, 2),
        SizePlan.firstHitting(4),
        ChancePlan.of(grid, TauLeaping.MODIFIED),
        ChancePlan.of(TimeGrid.exponentialThenConstant(8, 0.02, 4), TauLeaping.EULER),
        AdaptivePlan.mostConfident(SizePlan.of(2, 2), Confidence.MAX_PROBABILITY),
        AdaptivePlan.mostConfident(SizePlan.of(2, 1, 1), Confidence.CANDIDATE),
        AdaptivePlan.threshold(0.6, Confidence.MAX_PROBABILITY).inBlocks(2, 4),
        AdaptivePlan.entropyBound(0.5),
        AdaptivePlan.dependenceBound(0.05, MARKOV),
        RemaskPlan.rescaled(grid, 1),
        RemaskPlan.capped(grid, 0.5),
        RemaskPlan.byConfidence(grid),
        RemaskPlan.loop(8, 1),
        RemaskPlan.forwardBackward(grid, 2, 0.3),
        new CorrectedPlan(SizePlan.of(2, 2), 2),
        new CorrectedPlan(ChancePlan.of(grid, TauLeaping.MODIFIED), 3),
        TrapezoidalPlan.of(grid, 0.3));
  }

  /**
   * Seed 2026, rate 1e-4 per plan. The wrong twins are the same plan's law without the temperature,
   * and without temperature and nucleus.
   */
  @ParameterizedTest
  @MethodSource("shapedPlans")
  void withPromptTemperatureAndNucleus(RevealPlan plan) {
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(Golden.law("markov_d6_S3")));
    Canvas canvas = Canvas.of(new int[] {3, 0, 3, 3, 2, 3}, 3);
    double[] exact = new ExactSampling(oracle, canvas, 1.5, 0.9).outputLaw(plan);
    assertEquals(1, Arrays.stream(exact).sum(), 1e-12);
    long[] counts = counts(oracle, canvas, plan, 1.5, 0.9);
    double p = ChiSquare.pValue(exact, counts);
    assertTrue(p > 1e-4, plan + ": p-value " + p);
    for (double[] twin : new double[][] {{1, 0.9}, {1, 1}}) {
      double[] wrong = new ExactSampling(oracle, canvas, twin[0], twin[1]).outputLaw(plan);
      double broken = ChiSquare.pValue(wrong, counts);
      assertTrue(broken < 1e-4, plan + " as " + Arrays.toString(twin) + ": p-value " + broken);
    }
  }

  /** One permutation for all samples, the mistake of a shared reveal order, is seen. */
  @Test
  void aSharedRevealOrderIsRejected() {
    ExactLaw law = Golden.law("markov_d4_S2");
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(law));
    Canvas canvas = Canvas.blank(4, 2);
    double[] exact = new ExactSampling(oracle, canvas, 1, 1).outputLaw(SizePlan.of(2, 2));
    long[] counts = new long[16];
    int[] order = SizePlan.of(2, 2).revealSteps(canvas, 2026, 0);
    for (int s = 0; s < SAMPLES; s++) {
      int[] word = canvas.tokens();
      for (int step = 0; step < 2; step++) {
        double[][] laws = law.conditionals(word);
        for (int i = 0; i < 4; i++) {
          if (order[i] == step) {
            double u = KeyedRandom.uniform(2026, s, step, i, KeyedRandom.Purpose.DRAW);
            word[i] = u < laws[i][0] ? 0 : 1;
          }
        }
      }
      counts[word[0] * 8 + word[1] * 4 + word[2] * 2 + word[3]]++;
    }
    assertTrue(ChiSquare.pValue(exact, counts) < 1e-4);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void expectedEvaluationsAreExact(Case test) {
    ExactLaw law = Golden.law(test.law());
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(law));
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    double exact = new ExactSampling(oracle, canvas, 1, 1).run(test.plan()).expectedEvaluations();
    if (test.plan() instanceof ScheduledPlan plan) {
      assertEquals(plan.expectedEvaluations(4), exact, 1e-12);
    }
    int samples = 4000;
    List<SamplingTask> tasks =
        IntStream.range(0, samples)
            .mapToObj(s -> SamplingTask.of(canvas, test.plan(), 77, s))
            .toList();
    DoubleSummaryStatistics calls = new DoubleSummaryStatistics();
    double squares = 0;
    for (Sample sample : new Sampler(oracle, 500).run(tasks, StepListener.NONE)) {
      calls.accept(sample.evaluations());
      squares += (sample.evaluations() - exact) * (sample.evaluations() - exact);
    }
    // Four standard errors: false-alarm rate below 1e-4 per case.
    assertEquals(exact, calls.getAverage(), 4 * Math.sqrt(squares) / samples + 1e-12);
  }
}
