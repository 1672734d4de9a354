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

  /** A nominal 95 % interval covers between 90 and 99 % of 400 runs; fixed seed. */
  @Test
  void standardErrorsCover() {
    int covered = 0;
    for (int run = 0; run < 400; run++) {
      double[] values = new double[50];
      for (int i = 0; i < values.length; i++) {
        values[i] = KeyedRandom.uniform(8, run, 0, i, Purpose.OTHER);
      }
      Estimate estimate = Estimate.of(values);
      covered += Math.abs(estimate.mean() - 0.5) < 1.96 * estimate.standardError() ? 1 : 0;
    }
    assertTrue(covered > 360 && covered < 396, "covered " + covered);
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
