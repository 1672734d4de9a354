package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class DivergenceTest {

  /** An entry that q all but misses has all its digits: ln of 1 + rho had five of sixteen here. */
  @Test
  void smallProbabilitiesKeepTheirDigits() {
    double p = 1e-4;
    double q = 3e-15;
    double expected = p * (Math.log(1e11) - Math.log(3)) - (p - q);
    assertEquals(expected, Divergence.excess(p, q), 1e-18);
    double[] law = {p, 1 - p};
    double[] other = {q, 1 - q};
    double kl = p * Math.log(p / q) + (1 - p) * (Math.log1p(-p) - Math.log1p(-q));
    assertEquals(kl, Divergence.kl(law, other), 1e-18);
  }

  /** Close laws: (e^2 / 2)(1/p + 1/(1 - p)) to first order, far below the rounding of p ln(p/q). */
  @Test
  void closeLawsKeepTheirDigits() {
    double e = 1e-9;
    double[] law = {0.3, 0.7};
    double[] other = {0.3 + e, 0.7 - e};
    double expected = e * e / 2 * (1 / 0.3 + 1 / 0.7);
    assertEquals(expected, Divergence.kl(law, other), 1e-6 * expected);
  }

  @Test
  void missedWordsAreInfinite() {
    double[] law = {0.5, 0.5};
    double[] other = {1, 0};
    assertEquals(Double.POSITIVE_INFINITY, Divergence.kl(law, other));
    assertEquals(Math.log(2), Divergence.kl(other, law), 1e-15);
    assertEquals(0.5, Divergence.massOffSupport(other, law));
    assertEquals(0, Divergence.massOffSupport(law, other));
  }
}
