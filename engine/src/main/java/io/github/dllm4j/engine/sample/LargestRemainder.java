package io.github.dllm4j.engine.sample;

import java.util.Arrays;

/**
 * Integers of at least 1 in proportion to weights: floors first, then one more to the largest
 * remainder, or one less where the floor of 1 took too much (spec 5.4). Remainders are compared in
 * units of 1e-9, so that rounding errors do not decide; the earlier step wins when adding, the
 * later one when taking away.
 */
final class LargestRemainder {
  private LargestRemainder() {}

  /** Sizes [weights.length] that sum to total; the weights are positive, total is at least N. */
  static int[] sizes(int total, double[] weights) {
    double sum = Arrays.stream(weights).sum();
    double[] ideal = new double[weights.length];
    int[] sizes = new int[weights.length];
    int given = 0;
    for (int k = 0; k < sizes.length; k++) {
      ideal[k] = total * weights[k] / sum;
      sizes[k] = Math.max(1, (int) Math.floor(ideal[k] + 1e-12));
      given += sizes[k];
    }
    for (; given < total; given++) {
      int best = 0;
      for (int k = 1; k < sizes.length; k++) {
        if (billionths(ideal[k] - sizes[k]) > billionths(ideal[best] - sizes[best])) {
          best = k;
        }
      }
      sizes[best]++;
    }
    for (; given > total; given--) {
      int best = -1;
      for (int k = 0; k < sizes.length; k++) {
        if (sizes[k] > 1
            && (best < 0
                || billionths(sizes[k] - ideal[k]) >= billionths(sizes[best] - ideal[best]))) {
          best = k;
        }
      }
      sizes[best]--;
    }
    return sizes;
  }

  private static long billionths(double remainder) {
    return Math.round(1e9 * remainder);
  }
}
