package io.github.dllm4j.engine.info;

/**
 * Binomial probabilities by the ratio recursion from the mode outwards, normalised by their sum: no
 * factorials, relative error of the order of the distance from the mode in ulps. O(n).
 */
final class Binomial {
  private Binomial() {}

  /** Pr[Bin(n, p) = k], [n + 1]. */
  static double[] probabilities(int n, double p) {
    double[] pmf = new double[n + 1];
    int mode = (int) Math.min(n, Math.floor((n + 1.0) * p));
    pmf[mode] = 1;
    double sum = 1;
    double odds = p / (1 - p);
    for (int k = mode; k < n && pmf[k] > 0; k++) {
      pmf[k + 1] = pmf[k] * (n - k) / (k + 1.0) * odds;
      sum += pmf[k + 1];
    }
    for (int k = mode; k > 0 && pmf[k] > 0; k--) {
      pmf[k - 1] = pmf[k] * k / (n - k + 1.0) / odds;
      sum += pmf[k - 1];
    }
    for (int k = 0; k <= n; k++) {
      pmf[k] /= sum;
    }
    return pmf;
  }

  /** Pr[Bin(n, p) >= m], m = 0..n+1, [n + 2]. */
  static double[] tails(int n, double p) {
    double[] pmf = probabilities(n, p);
    double[] tails = new double[n + 2];
    for (int m = n; m >= 0; m--) {
      tails[m] = tails[m + 1] + pmf[m];
    }
    return tails;
  }
}
