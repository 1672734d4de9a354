package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NearestProcess;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The reverse sampler draws from the law that {@link ExactReverse} computes: chi-square at
 * false-alarm rate 1e-4 per case, seeds fixed. Beside each, the same counts against a law that is
 * deliberately wrong, which must be rejected.
 */
class ReverseSamplerLawTest {
  private static final int SAMPLES = 20_000;
  private static final int SIMULATED = 3000; // the oracle makes its tables anew for every event

  record Case(String law, ReverseCourse course, ReverseCourse wrong) {

    double[] exact(boolean right) {
      ExactLaw known = UniformGolden.law(law);
      ExactReverse exact = ExactReverse.of(known, NoiseProcess.uniform(known.symbols()));
      return ReverseSamplerLawTest.law(exact, right ? course : wrong);
    }
  }

  private static ReversePlan plan(ReverseKernel kernel, int steps) {
    return ReversePlan.of(TimeGrid.uniform(4, steps), kernel);
  }

  static Stream<Case> cases() {
    ReversePlan tweedie = plan(ReverseKernel.tweedie(), 3);
    ReversePlan euler = plan(ReverseKernel.euler(), 3);
    ReversePlan tau = plan(ReverseKernel.tauLeaping(), 3);
    ReversePlan low =
        ReversePlan.of(TimeGrid.of(2, 0.6, 0.2, 0), ReverseKernel.tweedie()); // correctors matter
    NoiseSchedule schedule = NoiseSchedule.logLinear(1e-3);
    return Stream.of(
        new Case("markov_S3_d4", tweedie, plan(ReverseKernel.tweedie(), 2)),
        new Case("evenparity_S2_d5", low, tweedie),
        new Case("markov_S3_d4", euler, tau),
        new Case(
            "markov_S3_d4",
            ReversePlan.inTime(schedule, 0, 4, ReverseKernel.eulerInTime()),
            ReversePlan.inTime(schedule, 0, 4, ReverseKernel.euler())),
        new Case("twodirac_S3_d3", tau, plan(ReverseKernel.rejectingTauLeaping(), 3)),
        new Case("markov_S3_d4", plan(ReverseKernel.rejectingTauLeaping(), 3), tau),
        new Case("generic_S4_d2", plan(ReverseKernel.additiveTauLeaping(), 3), euler),
        new Case("latentparity_S2_d4", plan(ReverseKernel.maximalCoupling(), 2), euler),
        new Case("markov_S3_d4", low.withCorrector(GibbsCorrector.random(2)), low),
        new Case("markov_S3_d4", low.withCorrector(GibbsCorrector.sweep(3)), low),
        new Case(
            "latentparity_S2_d4",
            low.withCorrector(GibbsCorrector.parallel(2, 3)),
            low.withCorrector(GibbsCorrector.random(6))));
  }

  /** Confidence, raw and with Metropolis, each the other's wrong twin, by every rule. */
  static Stream<Case> confidence() {
    ReversePlan plan = ReversePlan.of(TimeGrid.of(2, 0.4, 0), ReverseKernel.tweedie());
    return Arrays.stream(SiteRule.values())
        .flatMap(
            rule -> {
              ReversePlan raw = plan.withCorrector(ConfidenceCorrector.raw(rule, 0.5, 4));
              ReversePlan exact = plan.withCorrector(ConfidenceCorrector.metropolis(rule, 0.5, 4));
              return Stream.of(
                  new Case("markov_S3_d4", raw, exact), new Case("markov_S3_d4", exact, raw));
            });
  }

  /** Metropolis over four levels, at low noise: most steps and proposals change nothing. */
  static Stream<Case> manyLevels() {
    ReversePlan plain = ReversePlan.of(TimeGrid.of(1, 0.6, 0.3, 0.1, 0), ReverseKernel.tweedie());
    return Stream.of(
        new Case(
            "markov_S3_d4",
            plain.withCorrector(
                ConfidenceCorrector.metropolis(SiteRule.LOWEST_MAX_PROBABILITY, 0.5, 3)),
            plain));
  }

  /** Jump rates, noise and back, psi, and exact simulation; the twins go without. */
  static Stream<Case> jumpsAndMixtures() {
    TimeGrid grid = TimeGrid.of(2, 0.4, 0);
    ReversePlan plain = ReversePlan.of(grid, ReverseKernel.tweedie());
    Corrector[] heuristics = {
      RateCorrector.ofStep(TokenRates.FORWARD_BACKWARD, 0.2, 4),
      RateCorrector.ofStep(TokenRates.SQUARE_ROOT, 0.5, 4),
      RateCorrector.ofStep(TokenRates.BARKER, 1, 4),
      RateCorrector.ofStep(TokenRates.MINIMUM, 1, 4),
      new NoiseDenoiseCorrector(0.3, 2)
    };
    // A share of the step from 2 to 0.4 is 0.8; of the level reached, the twin, 0.2.
    ReversePlan share = plain.withCorrector(RateCorrector.ofShare(TokenRates.BARKER, 0.5, 4));
    ReversePlan level = plain.withCorrector(RateCorrector.ofStep(TokenRates.BARKER, 0.2, 4));
    return Stream.concat(
        Arrays.stream(heuristics)
            .map(corrector -> new Case("markov_S3_d4", plain.withCorrector(corrector), plain)),
        Stream.of(
            new Case("markov_S3_d4", share, level),
            new Case("markov_S3_d4", share, plain),
            new Case(
                "latentparity_S2_d4",
                ReversePlan.of(TimeGrid.logLinear(1e-3, 8), ReverseKernel.psi(0.2)),
                ReversePlan.of(TimeGrid.logLinear(1e-3, 8), ReverseKernel.psi(0.8))),
            new Case("evenparity_S2_d5", new Uniformization(4, 0.05), new Uniformization(4, 0.5)),
            new Case("markov_S3_d4", new Uniformization(4, 0.05), new Uniformization(0.5, 0.05)),
            new Case("generic_S4_d2", new Uniformization(2, 0.2), new Uniformization(0.5, 0.2))));
  }

  private static long[] counts(
      Denoiser denoiser, NoiseProcess process, Canvas canvas, ReverseCourse course, double topP) {
    int symbols = process.stateCount();
    long[] counts = new long[(int) Math.pow(symbols, canvas.holeCount())];
    List<ReverseTask> tasks =
        IntStream.range(0, course instanceof Uniformization ? SIMULATED : SAMPLES)
            .mapToObj(s -> new ReverseTask(canvas, course, 2026, s, topP == 1 ? 1 : 1.5, topP))
            .toList();
    for (Sample sample : new ReverseSampler(denoiser, process, 500).run(tasks, StepListener.NONE)) {
      int index = 0;
      for (int hole : canvas.holes()) {
        index = index * symbols + sample.tokens()[hole];
      }
      counts[index]++;
    }
    return counts;
  }

  @ParameterizedTest
  @MethodSource({"cases", "confidence", "manyLevels", "jumpsAndMixtures"})
  void theSamplerFollowsItsExactLaw(Case test) {
    ExactLaw law = UniformGolden.law(test.law());
    NoiseProcess process = NoiseProcess.uniform(law.symbols());
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    long[] counts = counts(NoisyOracle.uniform(law), process, canvas, test.course(), 1);
    double p = ChiSquare.pValue(test.exact(true), counts);
    assertTrue(p > 1e-4, test + ": p-value " + p);
    double wrong = ChiSquare.pValue(test.exact(false), counts);
    assertTrue(wrong < 1e-4, test + ": the wrong law passes with p-value " + wrong);
  }

  /** Converted where the tag is right, rejected where it is wrong. */
  @Test
  void theTagOfTheHeadMatters() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    NoiseProcess process = NoiseProcess.uniform(3);
    Canvas canvas = Canvas.blank(4, 3);
    ReversePlan plan = plan(ReverseKernel.tweedie(), 4);
    double[] exact = ExactReverse.of(law, process).outputLaw(plan);
    long[] right = counts(TestHeads.denoiser(law), process, canvas, plan, 1);
    long[] wrong = counts(TestHeads.denoiserInTheWrongSlot(law), process, canvas, plan, 1);
    assertTrue(ChiSquare.pValue(exact, right) > 1e-4);
    assertTrue(ChiSquare.pValue(exact, wrong) < 1e-4);
  }

  @Test
  void withPromptTemperatureAndNucleusUnderAnotherProcess() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    NoiseProcess process = new NearestProcess(3);
    NoisyOracle oracle = new NoisyOracle(law, process);
    Canvas canvas = Canvas.of(new int[] {3, 2, 3, 0}, 3);
    ReversePlan plan = plan(ReverseKernel.tauLeaping(), 3).withCorrector(GibbsCorrector.random(1));
    double[] exact = new ExactReverse(oracle, process, canvas, 1.5, 0.9).outputLaw(plan);
    assertEquals(1, Arrays.stream(exact).sum(), 1e-12);
    long[] counts = counts(oracle, process, canvas, plan, 0.9);
    double p = ChiSquare.pValue(exact, counts);
    assertTrue(p > 1e-4, "p-value " + p);
    double[] unshaped = new ExactReverse(oracle, process, canvas, 1, 1).outputLaw(plan);
    assertTrue(ChiSquare.pValue(unshaped, counts) < 1e-4, "shaping must matter");
  }

  /** Every kind of course, for three holes. */
  static Stream<ReverseCourse> shapedCourses() {
    ReversePlan plan = ReversePlan.of(TimeGrid.of(2, 0.4, 0), ReverseKernel.tweedie());
    SiteRule rule = SiteRule.LOWEST_LOG_MARGIN;
    return Stream.concat(
        Stream.of(
                RateCorrector.ofShare(TokenRates.BARKER, 0.5, 2),
                RateCorrector.ofStep(TokenRates.MINIMUM, 1, 2),
                ConfidenceCorrector.raw(rule, 0.5, 3),
                ConfidenceCorrector.metropolis(rule, 0.5, 3),
                new NoiseDenoiseCorrector(0.3, 2),
                GibbsCorrector.sweep(3),
                GibbsCorrector.parallel(2, 2))
            .map(plan::withCorrector),
        Stream.of(
            plan(ReverseKernel.maximalCoupling(), 3),
            plan(ReverseKernel.psi(0.5), 3),
            new Uniformization(4, 0.05)));
  }

  /**
   * Seed 2026, rate 1e-4 per course, with a fixed token, temperature and nucleus. The wrong twins
   * are the course's law without the temperature and without both.
   */
  @ParameterizedTest
  @MethodSource("shapedCourses")
  void withAFixedTokenTemperatureAndNucleus(ReverseCourse course) {
    NoiseProcess process = NoiseProcess.uniform(3);
    NoisyOracle oracle = NoisyOracle.uniform(UniformGolden.law("markov_S3_d4"));
    Canvas canvas = Canvas.of(new int[] {3, 2, 3, 3}, 3);
    double[] exact = law(new ExactReverse(oracle, process, canvas, 1.5, 0.9), course);
    assertEquals(1, Arrays.stream(exact).sum(), 1e-10);
    long[] counts = counts(oracle, process, canvas, course, 0.9);
    double p = ChiSquare.pValue(exact, counts);
    assertTrue(p > 1e-4, course + ": p-value " + p);
    for (double topP : new double[] {0.9, 1}) {
      double[] wrong = law(new ExactReverse(oracle, process, canvas, 1, topP), course);
      double broken = ChiSquare.pValue(wrong, counts);
      assertTrue(broken < 1e-4, course + " without temperature, " + topP + ": p-value " + broken);
    }
  }

  private static double[] law(ExactReverse exact, ReverseCourse course) {
    return course instanceof Uniformization jumps
        ? exact.outputLaw(jumps)
        : exact.outputLaw((ReversePlan) course);
  }
}
