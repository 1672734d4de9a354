package io.github.dllm4j.engine.steer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Chains and guided models: the laws of the samplers they generalise, limits, and draws. */
class ReverseChainTest {
  private static final ExactLaw CONDITIONAL =
      ExactLaw.table(2, 3, new double[] {.3, .02, .03, .02, .25, .03, .03, .02, .3});
  private static final ExactLaw UNCONDITIONAL =
      ExactLaw.table(2, 3, new double[] {.1, .12, .13, .15, .05, .13, .12, .1, .1});
  private static final TimeGrid GRID = TimeGrid.of(3, 1.2, 0.5, 0);

  /** A guided model of either noise. */
  private static StepModel model(boolean masking, double g, int maxBatch) {
    Denoiser u = masking ? new OracleDenoiser(UNCONDITIONAL) : NoisyOracle.uniform(UNCONDITIONAL);
    Denoiser c = masking ? new OracleDenoiser(CONDITIONAL) : NoisyOracle.uniform(CONDITIONAL);
    NoiseProcess process = masking ? NoiseProcess.masking(3) : NoiseProcess.uniform(3);
    return StepModel.guided(u, c, process, g, maxBatch);
  }

  private static ReverseChain chain(boolean masking, double g) {
    Canvas canvas = Canvas.blank(2, 3);
    return ReverseChain.of(model(masking, g, 100), canvas, GRID, ReverseKernel.tweedie());
  }

  /** The law over clean words of an enumerated output. */
  private static double[] clean(Enumerated all) {
    double[] output = all.output();
    double[] law = new double[9];
    for (int x = 0; x < output.length; x++) {
      int[] word = all.states.get(x);
      if (word[0] < 3 && word[1] < 3) {
        law[word[0] * 3 + word[1]] += output[x];
      }
    }
    return law;
  }

  /** Unguided chains are the engine's samplers; g = 0 and g = 1 are the unguided chains. */
  @Test
  void limitsAreTheSamplersOfTheEngine() {
    for (double g : new double[] {0, 1}) {
      ExactLaw law = g == 0 ? UNCONDITIONAL : CONDITIONAL;
      ExactReverse reverse = ExactReverse.of(law, NoiseProcess.uniform(3));
      ReversePlan plan = ReversePlan.of(GRID, ReverseKernel.tweedie());
      double[] uniform = clean(new Enumerated(chain(false, g)));
      assertArrayEquals(reverse.outputLaw(plan), uniform, 1e-14);
      ReversePlan corrected = plan.withCorrector(GibbsCorrector.sweep(4));
      double[] swept = clean(new Enumerated(chain(false, g).withSweeps(2)));
      assertArrayEquals(reverse.outputLaw(corrected), swept, 1e-14);
      ReverseChain leaping = ReverseChain.leaping(model(false, g, 9), Canvas.blank(2, 3), GRID);
      ReversePlan tau = ReversePlan.of(GRID, ReverseKernel.tauLeaping());
      assertArrayEquals(reverse.outputLaw(tau), clean(new Enumerated(leaping)), 1e-14);
      double[] masked =
          new ExactSampling(new OracleDenoiser(law), Canvas.blank(2, 3), 1, 1)
              .outputLaw(ChancePlan.of(GRID, TauLeaping.TWEEDIE));
      assertArrayEquals(masked, clean(new Enumerated(chain(true, g))), 1e-14);
    }
  }

  /** Bit by bit the same samples, and the other denoiser is not even asked. */
  @Test
  void scaleOneAndZeroAskOneDenoiserOnly() {
    Denoiser c = NoisyOracle.uniform(CONDITIONAL);
    Denoiser u = NoisyOracle.uniform(UNCONDITIONAL);
    NoiseProcess process = NoiseProcess.uniform(3);
    for (double g : new double[] {0, 1}) {
      CountingDenoiser cs = new CountingDenoiser(c);
      CountingDenoiser us = new CountingDenoiser(u);
      Canvas canvas = Canvas.blank(2, 3);
      List<int[]> guided =
          ReverseChain.of(
                  StepModel.guided(us, cs, process, g, 7), canvas, GRID, ReverseKernel.tweedie())
              .run(50, 3);
      List<int[]> plain =
          ReverseChain.of(
                  StepModel.of(g == 0 ? u : c, process, 100), canvas, GRID, ReverseKernel.tweedie())
              .run(50, 3);
      for (int s = 0; s < 50; s++) {
        assertArrayEquals(plain.get(s), guided.get(s));
      }
      assertEquals(g == 0 ? 0 : 24, cs.calls, "8 batches of at most 7, 3 moves");
      assertEquals(g == 0 ? 24 : 0, us.calls);
    }
  }

  /** Masking mixes clean laws before the step, so how many tokens a step fills does not change. */
  @Test
  void maskedGuidanceMixesCleanLaws() {
    double g = 2.5;
    int[] canvas = {3, 1};
    double[] u = UNCONDITIONAL.conditionals(canvas)[0];
    double[] c = CONDITIONAL.conditionals(canvas)[0];
    double total = 0;
    double[] mixed = new double[3];
    for (int b = 0; b < 3; b++) {
      mixed[b] = Math.pow(u[b], 1 - g) * Math.pow(c[b], g);
      total += mixed[b];
    }
    Transition step =
        new Transition.Step(
            ReverseKernel.tweedie(), NoiseLevel.unitRate(1), NoiseLevel.unitRate(0.4));
    double[][] rows = model(true, g, 1).rows(step, List.of(canvas), new int[] {0, 1})[0];
    double filled = (Math.exp(-0.4) - Math.exp(-1)) / (1 - Math.exp(-1));
    for (int b = 0; b < 3; b++) {
      assertEquals(filled * mixed[b] / total, rows[0][b], 1e-14);
    }
    assertEquals(1 - filled, rows[0][3], 1e-14);
    assertArrayEquals(new double[] {0, 1, 0, 0}, rows[1], "carried over");
  }

  @Test
  void impossibleTokensStayImpossible() {
    double[] u = {0.5, 0.5, 0, 0};
    double[] c = {0.2, 0, 0.3, 0.5};
    assertArrayEquals(new double[] {1, 0, 0, 0}, StepModel.mixed(u, c, 3));
    assertArrayEquals(c, StepModel.mixed(new double[] {0, 1, 0, 0}, c, 3), "nothing in common");
    double[] tiny = {1e-300, 1 - 1e-300};
    assertArrayEquals(new double[] {1, 0}, StepModel.mixed(tiny, new double[] {.5, .5}, 9), 1e-15);
    assertEquals(1, Arrays.stream(shaped(false, 2, 1, 0.5)).sum(), 1e-12);
  }

  private static double[] shaped(boolean masking, double g, double temperature, double topP) {
    StepModel model = model(masking, g, 100).shaped(temperature, topP);
    Canvas canvas = Canvas.blank(2, 3);
    return clean(new Enumerated(ReverseChain.of(model, canvas, GRID, ReverseKernel.tweedie())));
  }

  /** The law of unshaped chains is the wrong twin: more than 0.01 away in total variation. */
  @Test
  void shapedChainsAreTheShapedSamplersOfTheEngine() {
    NoiseProcess process = NoiseProcess.uniform(3);
    Canvas canvas = Canvas.blank(2, 3);
    for (double g : new double[] {0, 1}) {
      ExactLaw law = g == 0 ? UNCONDITIONAL : CONDITIONAL;
      double[] uniform =
          new ExactReverse(NoisyOracle.uniform(law), process, canvas, 1.5, 0.9)
              .outputLaw(ReversePlan.of(GRID, ReverseKernel.tweedie()));
      assertArrayEquals(uniform, shaped(false, g, 1.5, 0.9), 1e-14);
      double[] masked =
          new ExactSampling(new OracleDenoiser(law), canvas, 1.5, 0.9)
              .outputLaw(ChancePlan.of(GRID, TauLeaping.TWEEDIE));
      assertArrayEquals(masked, shaped(true, g, 1.5, 0.9), 1e-14);
      assertTrue(Divergence.totalVariation(uniform, shaped(false, g, 1, 1)) > 0.01);
      assertTrue(Divergence.totalVariation(masked, shaped(true, g, 1, 1)) > 0.01);
    }
  }

  /** The wrong twin shapes what guidance has made of the laws. */
  @Test
  void lawsAreShapedBeforeGuidance() {
    int[] canvas = {3, 1};
    HeapLaws laws =
        HeapLaws.of(
            new double[][] {
              UNCONDITIONAL.conditionals(canvas)[0], CONDITIONAL.conditionals(canvas)[0]
            });
    double[][] shaped = laws.shaped(1.5, 0.9).toArray();
    double[] expected = StepModel.mixed(shaped[0], shaped[1], 2.5);
    double[] late = StepModel.mixed(laws.toArray()[0], laws.toArray()[1], 2.5);
    double[] wrong = HeapLaws.of(new double[][] {late}).shaped(1.5, 0.9).toArray()[0];
    Transition step =
        new Transition.Step(
            ReverseKernel.tweedie(), NoiseLevel.unitRate(1), NoiseLevel.unitRate(0));
    StepModel model = model(true, 2.5, 1).shaped(1.5, 0.9);
    double[] row = model.rows(step, List.of(canvas), new int[] {0})[0][0];
    assertArrayEquals(expected, Arrays.copyOf(row, 3), 1e-14);
    assertTrue(Divergence.totalVariation(expected, wrong) > 0.01);
  }

  /**
   * Strong guidance says that the token cannot be what it is: it jumps, to what guidance leaves,
   * and no draw ends without a token.
   */
  @Test
  void aLeapFromAnImpossibleTokenIsAJump() {
    NoiseProcess process = NoiseProcess.uniform(3);
    Transition leap = new Transition.Leap(NoiseLevel.unitRate(1), NoiseLevel.unitRate(0.5));
    for (double none : new double[] {0, Double.MIN_VALUE}) {
      double[] row = leap.row(process, new double[] {none, 0.75, 0.25}, 0);
      assertArrayEquals(new double[] {0, 0.75, 0.25}, row, 1e-15);
    }
    StepModel strong =
        StepModel.guided(
            NoisyOracle.uniform(ExactLaw.table(1, 3, new double[] {0, 0, 1})),
            NoisyOracle.uniform(ExactLaw.table(1, 3, new double[] {1, 0, 0})),
            process,
            30,
            64);
    List<int[]> samples =
        ReverseChain.leaping(strong, Canvas.blank(1, 3), TimeGrid.of(1e-5, 0)).run(100, 1);
    assertTrue(samples.stream().allMatch(x -> x[0] == 0), "guidance leaves one token");
  }

  /** Kernels of all kinds end in clean words, also those that use rates and would leave MASK. */
  @Test
  void maskedChainsEndWithoutMask() {
    StepModel model = StepModel.of(new OracleDenoiser(CONDITIONAL), NoiseProcess.masking(3), 100);
    for (ReverseKernel kernel :
        List.of(
            ReverseKernel.euler(),
            ReverseKernel.tauLeaping(),
            ReverseKernel.rejectingTauLeaping(),
            ReverseKernel.maximalCoupling(),
            ReverseKernel.psi(1))) {
      ReverseChain chain = ReverseChain.of(model, Canvas.blank(2, 3), GRID, kernel);
      assertEquals(1, Arrays.stream(clean(new Enumerated(chain))).sum(), 1e-12, kernel.toString());
    }
    // One that masks tokens again would not keep its marginals in a chain that never does.
    assertThrows(
        IllegalArgumentException.class,
        () -> ReverseChain.of(model, Canvas.blank(2, 3), GRID, ReverseKernel.psi(0.5)));
  }

  private static Stream<ReverseChain> guided() {
    return Stream.of(
        chain(false, 2),
        chain(false, 2).withSweeps(1),
        ReverseChain.leaping(model(false, 0.5, 100), Canvas.blank(2, 3), TimeGrid.uniform(3, 9)),
        chain(true, 2));
  }

  /** Chi-square at false-alarm rate 1e-4; the broken twin is the unguided law. */
  @ParameterizedTest
  @MethodSource("guided")
  void drawsFollowTheEnumeratedLaw(ReverseChain chain) {
    Enumerated all = new Enumerated(chain);
    long[] counts = new long[all.size()];
    chain.run(20_000, 2026).forEach(sample -> counts[all.index(sample)]++);
    double p = ChiSquare.pValue(all.output(), counts);
    assertTrue(p > 1e-4, "p-value " + p);
    boolean masking = chain.model().masking();
    double broken = ChiSquare.pValue(new Enumerated(chain(masking, 1)).output(), counts);
    assertTrue(broken < 1e-4, "the unguided law passes with p-value " + broken);
  }

  @Test
  void samplesDoNotDependOnBatchesOrCompany() {
    Canvas canvas = Canvas.of(new int[] {3, 1}, 3);
    for (boolean masking : new boolean[] {false, true}) {
      List<int[]> one =
          ReverseChain.of(model(masking, 3, 1), canvas, GRID, ReverseKernel.tweedie()).run(9, 1);
      List<int[]> many =
          ReverseChain.of(model(masking, 3, 64), canvas, GRID, ReverseKernel.tweedie()).run(30, 1);
      for (int s = 0; s < 9; s++) {
        assertArrayEquals(one.get(s), many.get(s));
        assertEquals(1, one.get(s)[1]);
      }
    }
  }

  @Test
  void saysWhatItRefuses() {
    Denoiser masked = new OracleDenoiser(CONDITIONAL);
    Denoiser noisy = NoisyOracle.uniform(CONDITIONAL);
    NoiseProcess uniform = NoiseProcess.uniform(3);
    refused(() -> StepModel.of(noisy, uniform, 0));
    refused(() -> StepModel.of(noisy, NoiseProcess.uniform(4), 1));
    refused(() -> StepModel.of(masked, NoiseProcess.uniform(4), 1));
    refused(() -> StepModel.of(noisy, NoiseProcess.masking(2), 1));
    refused(() -> StepModel.guided(noisy, noisy, NoiseProcess.masking(2), 2, 1));
    refused(() -> StepModel.guided(masked, noisy, uniform, 2, 1));
    refused(() -> StepModel.guided(noisy, noisy, uniform, Double.NaN, 1));
    refused(() -> model(false, 2, 1).shaped(0, 1));
    refused(() -> model(false, 2, 1).shaped(1, 0));
    refused(() -> chain(true, 2).withSweeps(1));
    refused(() -> chain(false, 2).withSweeps(-1));
    refused(() -> ReverseChain.leaping(model(true, 2, 1), Canvas.blank(2, 3), GRID));
    TimeGrid infinite = TimeGrid.of(Double.POSITIVE_INFINITY, 0);
    refused(() -> ReverseChain.leaping(model(false, 2, 1), Canvas.blank(2, 3), infinite));
    ReverseKernel kernel = ReverseKernel.tweedie();
    Canvas foreign = Canvas.of(new int[] {7, 3}, 3);
    refused(() -> ReverseChain.of(model(false, 2, 1), foreign, GRID, kernel));
    Canvas otherMask = Canvas.of(new int[] {7, 3}, 7);
    refused(() -> ReverseChain.of(model(true, 2, 1), otherMask, GRID, kernel));
  }

  private static void refused(org.junit.jupiter.api.function.Executable what) {
    assertThrows(IllegalArgumentException.class, what);
  }
}
