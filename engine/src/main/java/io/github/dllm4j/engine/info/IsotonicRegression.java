package io.github.dllm4j.engine.info;

import java.util.Locale;

/**
 * Weighted least squares under "does not increase", by pooling adjacent violators (spec 8). For
 * planning only: smoothed values are never a likelihood. O(n).
 */
public final class IsotonicRegression {
  private IsotonicRegression() {}

  /**
   * The fit.
   *
   * @param values [n]
   * @param weights above 0, [n]; 1 / variance
   * @return fitted values, not increasing, [n]
   */
  public static double[] nonIncreasing(double[] values, double[] weights) {
    int n = values.length;
    if (weights.length != n) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "weights must have %d entries like the values, got %d",
              n,
              weights.length));
    }
    double[] level = new double[n];
    double[] mass = new double[n];
    int[] count = new int[n];
    int blocks = 0;
    for (int i = 0; i < n; i++) {
      if (!(weights[i] > 0)) {
        throw new IllegalArgumentException("weights must be above 0, got " + weights[i]);
      }
      level[blocks] = values[i];
      mass[blocks] = weights[i];
      count[blocks++] = 1;
      while (blocks > 1 && level[blocks - 2] < level[blocks - 1]) {
        int into = --blocks - 1;
        double sum = mass[into] + mass[blocks];
        level[into] = (mass[into] * level[into] + mass[blocks] * level[blocks]) / sum;
        mass[into] = sum;
        count[into] += count[blocks];
      }
    }
    double[] fitted = new double[n];
    int next = 0;
    for (int b = 0; b < blocks; b++) {
      for (int c = 0; c < count[b]; c++) {
        fitted[next++] = level[b];
      }
    }
    return fitted;
  }
}
