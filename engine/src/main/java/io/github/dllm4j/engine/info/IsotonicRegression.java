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

  /**
   * The fit without its steps: straight lines through the centres of the runs of equal fitted
   * values, the outer lines drawn on to the ends, but not below 0. Values that decrease everywhere
   * stay as they are; a plateau, pooled or not, becomes a slope.
   *
   * @param places where the values are, ascending, [n]
   * @param values at least 0, [n]
   * @param weights above 0, [n]
   * @return not increasing, [n]
   */
  static double[] withoutSteps(double[] places, double[] values, double[] weights) {
    double[] fitted = nonIncreasing(values, weights);
    int n = fitted.length;
    double[] centres = new double[n];
    double[] levels = new double[n];
    int knots = 0;
    for (int from = 0, to; from < n; from = to) {
      double mass = 0;
      double sum = 0;
      for (to = from; to < n && fitted[to] == fitted[from]; to++) {
        mass += weights[to];
        sum += weights[to] * places[to];
      }
      centres[knots] = sum / mass;
      levels[knots++] = fitted[from];
    }
    int knot = 1;
    for (int i = 0; i < n && knots > 1; i++) {
      while (knot < knots - 1 && centres[knot] < places[i]) {
        knot++;
      }
      double slope = (levels[knot] - levels[knot - 1]) / (centres[knot] - centres[knot - 1]);
      fitted[i] = Math.max(0, levels[knot - 1] + slope * (places[i] - centres[knot - 1]));
    }
    return fitted;
  }
}
