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
    assertEquals(expected, Divergence.excess(p, q), 1e-14 * expected);
    double[] law = {p, 1 - p};
    double[] other = {q, 1 - q};
    double kl = p * Math.log(p / q) + (1 - p) * (Math.log1p(-p) - Math.log1p(-q));
    assertEquals(kl, Divergence.kl(law, other), 1e-13 * kl);
  }

  /** e^2/2p to first order, far below the rounding of q - p + p ln(p/q). */
  @Test
  void closeProbabilitiesKeepTheirDigits() {
    double p = 0.3;
    double q = 0.3 + 1e-9;
    double e = q - p;
    assertEquals(e * e / (2 * p), Divergence.excess(p, q), 1e-8 * e * e / p);
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
