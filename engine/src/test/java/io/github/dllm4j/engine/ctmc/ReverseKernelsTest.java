package io.github.dllm4j.engine.ctmc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every kernel must do, for uniform noise and for a process of a user's own. */
class ReverseKernelsTest {
  private static final double[] LOO = {0.6, 0.05, 0.25, 0.1};
  private static final NoiseLevel ONE = NoiseLevel.unitRate(1);

  static Stream<Map.Entry<String, ReverseKernel>> kernels() {
    return Map.of(
        "tweedie", ReverseKernel.tweedie(),
        "euler", ReverseKernel.euler(),
        "eulerInTime", ReverseKernel.eulerInTime(),
        "tauLeaping", ReverseKernel.tauLeaping(),
        "rejecting", ReverseKernel.rejectingTauLeaping(),
        "additive", ReverseKernel.additiveTauLeaping())
        .entrySet()
        .stream();
  }

  /** With those that are not the reverse process in the limit. */
  static Stream<Map.Entry<String, ReverseKernel>> allKernels() {
    return Stream.concat(
        kernels(),
        Map.of(
            "coupling", ReverseKernel.maximalCoupling(),
            "psi", ReverseKernel.psi(0.4),
            "forgetting", ReverseKernel.psi(0))
            .entrySet()
            .stream());
  }

  private static NoiseProcess[] processes() {
    return new NoiseProcess[] {NoiseProcess.uniform(4), new NearestProcess(4)};
  }

  @ParameterizedTest
  @MethodSource("allKernels")
  void rowsAreLawsAndArgumentsAreKept(Map.Entry<String, ReverseKernel> kernel) {
    for (NoiseProcess process : processes()) {
      for (double to : new double[] {0, 0.3, 0.999}) {
        for (int x = 0; x < 4; x++) {
          double[] loo = LOO.clone();
          double[] row = kernel.getValue().row(process, loo, x, ONE, NoiseLevel.unitRate(to));
          assertEquals(1, Arrays.stream(row).sum(), 1e-14, kernel.getKey());
          assertTrue(Arrays.stream(row).allMatch(p -> p >= 0), kernel.getKey());
          assertArrayEquals(LOO, loo);
        }
      }
    }
  }

  /** The derivative of the row in the step is the reverse rate, by a difference quotient. */
  @ParameterizedTest
  @MethodSource("kernels")
  void aShortStepFollowsTheReverseRates(Map.Entry<String, ReverseKernel> kernel) {
    double h = 1e-6;
    for (NoiseProcess process : processes()) {
      for (int x = 0; x < 4; x++) {
        double[] row = kernel.getValue().row(process, LOO, x, ONE, NoiseLevel.unitRate(1 - h));
        double[] noisy = process.marginal(LOO, 1);
        double exit = 0;
        for (int b = 0; b < 4; b++) {
          if (b != x) {
            double rate = process.rate(b, x) * noisy[b] / noisy[x];
            exit += rate;
            assertEquals(rate, row[b] / h, 1e-4, kernel.getKey());
          }
        }
        assertEquals(exit, (1 - row[x]) / h, 1e-4, kernel.getKey());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("allKernels")
  void levelsMustDescend(Map.Entry<String, ReverseKernel> kernel) {
    NoiseProcess process = NoiseProcess.uniform(4);
    ReverseKernel k = kernel.getValue();
    assertThrows(IllegalArgumentException.class, () -> k.row(process, LOO, 0, ONE, ONE));
    assertThrows(IllegalArgumentException.class, () -> k.row(process, new double[3], 0, ONE, ONE));
    assertThrows(
        IndexOutOfBoundsException.class, () -> k.row(process, LOO, 4, ONE, NoiseLevel.unitRate(0)));
  }

  @Test
  void psiMixesTweedieWithNoiseAnew() {
    NoiseProcess process = NoiseProcess.uniform(4);
    NoiseLevel to = NoiseLevel.unitRate(0.3);
    double[] tweedie = ReverseKernel.tweedie().row(process, LOO, 2, ONE, to);
    double[] anew = ReverseKernel.psi(0).row(process, LOO, 2, ONE, to);
    double[] mixed = ReverseKernel.psi(0.4).row(process, LOO, 2, ONE, to);
    assertArrayEquals(tweedie, ReverseKernel.psi(1).row(process, LOO, 2, ONE, to));
    for (int b = 0; b < 4; b++) {
      assertEquals(0.4 * tweedie[b] + 0.6 * anew[b], mixed[b], 1e-15);
    }
    assertThrows(IllegalArgumentException.class, () -> ReverseKernel.psi(1.1));
  }

  /** The law of one token at the lower level that a kernel makes of the law at the higher. */
  private static double[] stepped(NoiseProcess process, ReverseKernel kernel, NoiseLevel to) {
    double[] before = process.marginal(LOO, ONE.sigma());
    double[] after = new double[LOO.length];
    for (int x = 0; x < LOO.length; x++) {
      double[] row = kernel.row(process, LOO, x, ONE, to);
      for (int b = 0; b < row.length; b++) {
        after[b] += before[x] * row[b];
      }
    }
    return after;
  }

  /**
   * sum_x q_t(x) K(b|x) = q_s(b): of Tweedie and psi for every process, of maximal coupling for
   * uniform noise. Of the process of neighbours it makes w p + (1 - w) q_t, which is not q_s: that
   * is the wrong twin.
   */
  @Test
  void oneTokenKeepsItsMarginal() {
    ReverseKernel coupling = ReverseKernel.maximalCoupling();
    for (double sigma : new double[] {0, 0.3, 0.999}) {
      NoiseLevel to = NoiseLevel.unitRate(sigma);
      for (NoiseProcess process : processes()) {
        double[] marginal = process.marginal(LOO, sigma);
        for (double kappa : new double[] {0, 0.4, 1}) {
          assertArrayEquals(marginal, stepped(process, ReverseKernel.psi(kappa), to), 1e-14);
        }
        assertArrayEquals(marginal, stepped(process, ReverseKernel.tweedie(), to), 1e-14);
      }
      NoiseProcess uniform = NoiseProcess.uniform(4);
      assertArrayEquals(uniform.marginal(LOO, sigma), stepped(uniform, coupling, to), 1e-14);
    }
    NoiseProcess nearest = new NearestProcess(4);
    double[] missed = stepped(nearest, coupling, NoiseLevel.unitRate(0.3));
    assertTrue(Math.abs(missed[1] - nearest.marginal(LOO, 0.3)[1]) > 0.01);
  }

  /** r g(1/r) = g(r): the flow there is the flow back, for every process. */
  @Test
  void balancedRatesAreReversible() {
    for (NoiseProcess process : processes()) {
      double[] noisy = process.marginal(LOO, 0.7);
      for (TokenRates rates : TokenRates.values()) {
        for (int x = 0; x < 4; x++) {
          double[] out = rates.of(process, LOO, x, 0.7);
          assertEquals(0, out[x]);
          for (int b = 0; b < 4; b++) {
            double there = noisy[x] * out[b];
            double back = noisy[b] * rates.of(process, LOO, b, 0.7)[x];
            if (rates == TokenRates.REVERSE && b != x) {
              assertEquals(process.rate(b, x) * noisy[b], there, 1e-15);
            } else {
              assertEquals(back, there, 1e-15, process + " " + rates);
            }
          }
        }
      }
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> TokenRates.BARKER.of(NoiseProcess.uniform(4), LOO, 0, 0));
  }

  @Test
  void onlyKernelsWithoutRatesStartFromInfiniteNoise() {
    NoiseProcess process = NoiseProcess.uniform(4);
    NoiseLevel all = NoiseLevel.unitRate(Double.POSITIVE_INFINITY);
    double[] noisy = process.marginal(LOO, 1);
    assertArrayEquals(noisy, ReverseKernel.tweedie().row(process, LOO, 2, all, ONE), 1e-15);
    assertThrows(
        IllegalArgumentException.class,
        () -> ReverseKernel.tauLeaping().row(process, LOO, 2, all, ONE));
  }

  /** SEDD's step is (t - s) sigma'(t): for log-linear noise and steps of 1/4 from t = 1, 250. */
  @Test
  void theTwoEulersDifferInTheirStep() {
    NoiseSchedule schedule = NoiseSchedule.logLinear(1e-3);
    NoiseProcess process = NoiseProcess.uniform(4);
    NoiseLevel from = schedule.at(0.5);
    NoiseLevel to = schedule.at(0.45);
    double[] rates = Reversal.rates(process, LOO, 1, from.sigma());
    double exit = Arrays.stream(rates).sum();
    double[] bySigma = ReverseKernel.euler().row(process, LOO, 1, from, to);
    double[] byTime = ReverseKernel.eulerInTime().row(process, LOO, 1, from, to);
    assertEquals((from.sigma() - to.sigma()) * exit, 1 - bySigma[1], 1e-14);
    assertEquals(0.05 * from.sigmaRate() * exit, 1 - byTime[1], 1e-14);
    assertTrue(byTime[1] < bySigma[1]);
  }

  /** For masking, maximal coupling is ancestral sampling: the same row as the exact posterior. */
  @Test
  void maskingIsOneOfTheProcesses() {
    NoiseProcess masking = NoiseProcess.masking(3);
    double[] loo = {0.5, 0.3, 0.2, 0};
    NoiseLevel to = NoiseLevel.unitRate(0.4);
    double[] tweedie = ReverseKernel.tweedie().row(masking, loo, 3, ONE, to);
    double[] coupled = ReverseKernel.maximalCoupling().row(masking, loo, 3, ONE, to);
    assertArrayEquals(tweedie, coupled, 1e-15);
    double stays = (1 - Math.exp(-0.4)) / (1 - Math.exp(-1));
    assertEquals(stays, tweedie[3], 1e-15);
    double[] kept = {0, 1, 0, 0};
    assertArrayEquals(kept, ReverseKernel.tweedie().row(masking, loo, 1, ONE, to), 1e-15);
    assertArrayEquals(kept, ReverseKernel.tauLeaping().row(masking, loo, 1, ONE, to), 1e-15);
  }

  @Test
  void marginalIsTheSumOverTransitions() {
    for (NoiseProcess process : processes()) {
      double[] after = process.marginal(LOO, 0.8);
      for (int to = 0; to < 4; to++) {
        double sum = 0;
        for (int from = 0; from < 4; from++) {
          sum += LOO[from] * process.transition(from, to, 0.8);
        }
        assertEquals(sum, after[to], 1e-15);
      }
    }
  }
}
