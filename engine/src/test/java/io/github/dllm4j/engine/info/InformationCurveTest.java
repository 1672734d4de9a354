package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.InformationCurve.Source;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.List;
import org.junit.jupiter.api.Test;

class InformationCurveTest {
  private final InformationCurve curve = InformationCurve.exact(1, 0.8, 0.5, 0.45);

  @Test
  void theTwoCorrelationsAddUpToTheMutualInformations() {
    double sum = curve.totalCorrelation() + curve.dualTotalCorrelation();
    assertEquals(curve.sumOfMutualInformation(), sum, 1e-15);
    assertTrue(curve.effectiveTotalCorrelation() < curve.totalCorrelation());
    assertTrue(curve.effectiveTotalCorrelation() < curve.dualTotalCorrelation());
  }

  @Test
  void theRateOfInformationIntegratesToTheDualTotalCorrelation() {
    // Midpoint rule; its error here is about 1e-7.
    double integral = 0;
    double step = 1e-3;
    for (double t = step / 2; t < 40; t += step) {
      integral += step * curve.informationRate(t);
    }
    assertEquals(curve.dualTotalCorrelation(), integral, 1e-6);
  }

  @Test
  void theSumOfConditionalEntropiesHasItsEnds() {
    assertEquals(4 * 1.0, curve.conditionalEntropySum(0), 1e-15);
    assertEquals(4 * 0.45, curve.conditionalEntropySum(1), 1e-15);
  }

  @Test
  void oneTokenHasNoCorrelation() {
    InformationCurve one = InformationCurve.exact(0.7);
    assertEquals(0, one.totalCorrelation());
    assertEquals(0, one.effectiveTotalCorrelation());
    assertEquals(0, one.informationRate(1));
    assertEquals(0.7, one.entropy());
    assertEquals(0, SamplingCost.conditionalKl(one, SizePlan.of(1)));
  }

  @Test
  void roundingIsNoRise() {
    assertTrue(InformationCurve.exact(0.5, 0.5 + 1e-15).isNonIncreasing());
    assertFalse(InformationCurve.exact(0.5, 0.5 + 1e-9).isNonIncreasing());
  }

  @Test
  void theBoundsOrderAsTheTheoremsSay() {
    for (int steps = 1; steps <= 4; steps++) {
      SizePlan plan = SizePlan.balanced(4, steps);
      double cost = SamplingCost.conditionalKl(curve, plan);
      assertTrue(cost <= SamplingCost.sharpLiCaiBound(curve, plan) + 1e-15);
      assertTrue(SamplingCost.sharpLiCaiBound(curve, plan) <= SamplingCost.liCaiBound(curve, plan));
      assertTrue(cost <= SamplingCost.liCaiBalancedBound(curve, steps));
      double excess = SamplingCost.expectedNll(curve, plan) - curve.entropy();
      assertEquals(cost, excess, 1e-14, "K1 two ways");
    }
  }

  @Test
  void anEstimateCarriesTheErrorOfItsFunctionals() {
    CurveSample sample =
        CurveSample.of(
            Source.MODEL_CROSS_ENTROPY,
            CurveNodes.all(2),
            List.of(new double[] {1, 0.5}, new double[] {3, 1.5}));
    InformationCurve mean = sample.curve();
    assertArrayEquals(new double[] {2, 1}, mean.values());
    assertArrayEquals(new double[] {1, 0.5}, mean.standardErrors(), 1e-15);
    assertEquals(Source.MODEL_CROSS_ENTROPY, mean.source());
    assertEquals(2, mean.examples());
    // The values are perfectly correlated: errors of single values would give sqrt(1.25).
    Estimate drop = sample.estimate(h -> h[0] - h[1]);
    assertEquals(new Estimate(1, 0.5, 2), drop);
  }

  /**
   * The squared standard error of 50 uniform values is 1/600 on the average. Its relative standard
   * deviation is sqrt((9/5 - 47/49) / 50) = 0.1297 (fourth moment 9/5 of the squared variance); the
   * mean of 4000 runs must be within 3.89 of its own, 0.8 % (false alarms: 1 in 10,000; seed 8).
   * The wrong twin divides by n where n - 1 belongs: 2 % too small, and outside.
   */
  @Test
  void squaredStandardErrorsAreUnbiased() {
    int runs = 4000;
    int n = 50;
    double sum = 0;
    for (int run = 0; run < runs; run++) {
      double[] values = new double[n];
      for (int i = 0; i < n; i++) {
        values[i] = KeyedRandom.uniform(8, run, 0, i, Purpose.OTHER);
      }
      double error = Estimate.of(values).standardError();
      sum += error * error;
    }
    double ratio = sum / runs * 12 * n;
    double allowed = 3.89 * Math.sqrt((1.8 - (n - 3.0) / (n - 1)) / n / runs);
    assertEquals(1, ratio, allowed);
    double twin = ratio * (n - 1) / n;
    assertTrue(twin < 1 - allowed, "with n for n - 1: " + twin);
  }

  @Test
  void refuseNonsense() {
    assertThrows(IllegalArgumentException.class, () -> InformationCurve.exact());
    assertThrows(IllegalArgumentException.class, () -> InformationCurve.exact(1, -0.1));
    assertThrows(IllegalArgumentException.class, () -> InformationCurve.exact(Double.NaN));
    assertThrows(
        IllegalArgumentException.class,
        () -> InformationCurve.estimated(new double[] {1}, new double[0], Source.MODEL_ENTROPY, 1));
    assertThrows(
        IllegalArgumentException.class, () -> SamplingCost.conditionalKl(curve, SizePlan.of(3)));
    assertThrows(IllegalArgumentException.class, () -> Estimate.of());
    assertThrows(
        IllegalArgumentException.class,
        () -> IsotonicRegression.nonIncreasing(new double[] {1}, new double[] {0}));
    assertThrows(
        IllegalArgumentException.class, () -> CorrelationSizes.forTotalCorrelation(4, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> Divergence.kl(new double[1], new double[2]));
  }

  @Test
  void divergences() {
    double[] p = {0.5, 0.5, 0};
    double[] q = {0.25, 0.25, 0.5};
    assertEquals(Math.log(2), Divergence.kl(p, q), 1e-15);
    assertEquals(0.5, Divergence.totalVariation(p, q));
    assertEquals(0.5, Divergence.massOnSupport(p, q));
    assertEquals(Double.POSITIVE_INFINITY, Divergence.kl(q, p));
    double tiny = 0x1p-30; // so that 0.5 + tiny is exact
    double[] near = {0.5 + tiny, 0.5 - tiny, 0};
    assertEquals(2 * tiny * tiny, Divergence.kl(p, near), 1e-7 * tiny * tiny, "no cancellation");
  }
}
