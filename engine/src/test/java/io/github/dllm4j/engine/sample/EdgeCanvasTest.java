package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Canvases of one token, of which every sampler gives the law, and canvases without holes. */
class EdgeCanvasTest {
  private static final double[] TABLE = {.5, .3, .2};
  private static final double[] SWAPPED = {.5, .2, .3};
  private static final ExactLaw LAW = ExactLaw.table(1, 3, TABLE);
  private static final Canvas ONE = Canvas.blank(1, 3);
  private static final int SAMPLES = 10_000;
  private static final NoiseProcess UNIFORM = NoiseProcess.uniform(3);

  /** Plans that take any number of holes, so many in all. */
  private static Stream<RevealPlan> plans(int holes) {
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3);
    SizePlan sizes = SizePlan.balanced(holes, 1);
    return Stream.of(
        sizes,
        ChancePlan.of(grid, TauLeaping.MODIFIED),
        AdaptivePlan.mostConfident(sizes, Confidence.CANDIDATE),
        AdaptivePlan.threshold(0.9, Confidence.MAX_PROBABILITY),
        AdaptivePlan.entropyBound(0.1),
        AdaptivePlan.dependenceBound(0.1, DependenceKernel.of(new double[][] {{0.5}})),
        RemaskPlan.loop(8, 1),
        RemaskPlan.rescaled(grid, 1),
        RemaskPlan.capped(grid, 0.5),
        RemaskPlan.byConfidence(grid),
        RemaskPlan.forwardBackward(grid, 2, 0.3),
        new CorrectedPlan(sizes, 2),
        TrapezoidalPlan.of(grid, 0.3));
  }

  static Stream<RevealPlan> ofOneHole() {
    return Stream.concat(Stream.of(SizePlan.of(1), SizePlan.firstHitting(1)), plans(1));
  }

  static Stream<RevealPlan> ofNone() {
    return plans(0);
  }

  /** From infinite noise; these kernels and correctors are exact for one token. */
  static Stream<ReverseCourse> reverseOfOneHole() {
    TimeGrid grid = TimeGrid.of(Double.POSITIVE_INFINITY, 0.6, 0);
    ReversePlan plan = ReversePlan.of(grid, ReverseKernel.tweedie());
    return Stream.of(
        plan,
        ReversePlan.of(grid, ReverseKernel.maximalCoupling()),
        ReversePlan.of(grid, ReverseKernel.psi(0.3)),
        plan.withCorrector(GibbsCorrector.sweep(2)),
        plan.withCorrector(GibbsCorrector.random(2)),
        plan.withCorrector(ConfidenceCorrector.raw(SiteRule.LOWEST_LOG_MARGIN, 1, 2)),
        plan.withCorrector(ConfidenceCorrector.metropolis(SiteRule.LOWEST_LOG_MARGIN, 1, 2)),
        plan.withCorrector(RateCorrector.ofStep(TokenRates.BARKER, 0.3, 2)),
        plan.withCorrector(new NoiseDenoiseCorrector(0.3, 2)));
  }

  static Stream<ReverseCourse> reverseOfNone() {
    return Stream.concat(reverseOfOneHole(), Stream.of(new Uniformization(4, 0.05)));
  }

  private static long[] counts(List<Sample> samples) {
    long[] counts = new long[3];
    samples.forEach(sample -> counts[sample.tokens()[0]]++);
    return counts;
  }

  private static List<Sample> masked(Canvas canvas, RevealPlan plan, ExactLaw law, int samples) {
    Denoiser oracle = new RememberedDenoiser(new OracleDenoiser(law));
    List<SamplingTask> tasks =
        IntStream.range(0, samples).mapToObj(s -> SamplingTask.of(canvas, plan, 31, s)).toList();
    return new Sampler(oracle, 500).run(tasks, StepListener.NONE);
  }

  private static List<Sample> reversed(
      Canvas canvas, ReverseCourse course, ExactLaw law, int samples) {
    List<ReverseTask> tasks =
        IntStream.range(0, samples).mapToObj(s -> ReverseTask.of(canvas, course, 31, s)).toList();
    return new ReverseSampler(NoisyOracle.uniform(law), UNIFORM, 500).run(tasks, StepListener.NONE);
  }

  /** Rate 1e-4, seed 31; the wrong twin swaps two tokens. */
  private static void assertFromTheTable(Object plan, List<Sample> samples) {
    double p = ChiSquare.pValue(TABLE, counts(samples));
    assertTrue(p > 1e-4, plan + ": p-value " + p);
    assertTrue(ChiSquare.pValue(SWAPPED, counts(samples)) < 1e-4, plan + ": the twin passes");
  }

  @ParameterizedTest
  @MethodSource("ofOneHole")
  void oneTokenHasItsLaw(RevealPlan plan) {
    double[] exact = new ExactSampling(new OracleDenoiser(LAW), ONE, 1, 1).outputLaw(plan);
    assertArrayEquals(TABLE, exact, 1e-14);
    assertFromTheTable(plan, masked(ONE, plan, LAW, SAMPLES));
  }

  @ParameterizedTest
  @MethodSource("reverseOfOneHole")
  void oneTokenHasItsLawUnderUniformNoise(ReverseCourse course) {
    assertArrayEquals(TABLE, ExactReverse.of(LAW, UNIFORM).outputLaw((ReversePlan) course), 1e-14);
    assertFromTheTable(course, reversed(ONE, course, LAW, SAMPLES));
  }

  /** What the prior at 20 nats is off by, 2e-9, is not seen. */
  @Test
  void oneTokenHasItsLawByUniformization() {
    Uniformization course = new Uniformization(20, 0.05);
    assertFromTheTable(course, reversed(ONE, course, LAW, SAMPLES));
  }

  private static void assertUntouched(Canvas full, List<Sample> samples) {
    for (Sample sample : samples) {
      assertArrayEquals(full.tokens(), sample.tokens());
      assertEquals(0, sample.evaluations());
      assertTrue(sample.complete());
    }
  }

  @ParameterizedTest
  @MethodSource("ofNone")
  void withoutHolesNothingIsAsked(RevealPlan plan) {
    Canvas full = Canvas.of(new int[] {2, 0, 1}, 3);
    assertUntouched(full, masked(full, plan, ExactLaw.zeroSum(3, 3), 3));
  }

  @ParameterizedTest
  @MethodSource("reverseOfNone")
  void withoutHolesNothingIsAskedUnderUniformNoise(ReverseCourse course) {
    Canvas full = Canvas.of(new int[] {2, 0, 1}, 3);
    assertUntouched(full, reversed(full, course, ExactLaw.zeroSum(3, 3), 3));
  }
}
