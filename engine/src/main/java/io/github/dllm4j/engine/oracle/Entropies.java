package io.github.dllm4j.engine.oracle;

/** Entropies and binomial ratios of the closed-form curves. */
final class Entropies {
  private Entropies() {}

  /** Entropy of a law, nats. */
  static double of(double... law) {
    double entropy = 0;
    for (double p : law) {
      entropy -= p == 0 ? 0 : p * Math.log(p);
    }
    return entropy;
  }

  /** Entropy of non-negative weights after normalisation, nats; 0 if all are 0. */
  static double ofWeights(double... weights) {
    double sum = 0;
    double weighted = 0;
    for (double w : weights) {
      sum += w;
      weighted += w == 0 ? 0 : w * Math.log(w);
    }
    return sum == 0 ? 0 : Math.log(sum) - weighted / sum;
  }

  /**
   * (n over k) / (m over l) by logarithms; 0 where k is out of range.
   *
   * @param n top of the numerator
   * @param k bottom of the numerator
   * @param m top of the denominator
   * @param l bottom of the denominator, in [0, m]
   */
  static double binomialRatio(int n, int k, int m, int l) {
    if (k < 0 || k > n) {
      return 0;
    }
    return Math.exp(logBinomial(n, k) - logBinomial(m, l));
  }

  private static double logBinomial(int n, int k) {
    int small = Math.min(k, n - k);
    double log = 0;
    for (int i = 1; i <= small; i++) {
      log += Math.log((n - small + i) / (double) i);
    }
    return log;
  }
}
