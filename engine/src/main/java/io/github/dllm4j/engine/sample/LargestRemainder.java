package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;

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
    change(sizes, ideal, total - given);
    return sizes;
  }

  /** Adds so many ones, or takes them away. O((N + changes) log N). */
  private static void change(int[] sizes, double[] ideal, int changes) {
    int one = Integer.signum(changes);
    // What lacks most comes first; a size does not change while it waits.
    Comparator<Integer> order =
        Comparator.<Integer>comparingLong(k -> billionths(one * (sizes[k] - ideal[k])))
            .thenComparing(k -> one * k);
    PriorityQueue<Integer> waiting = new PriorityQueue<>(order);
    for (int k = 0; k < sizes.length && changes != 0; k++) {
      waiting.add(k);
    }
    for (int left = Math.abs(changes); left > 0; ) {
      int best = waiting.remove();
      if (sizes[best] + one >= 1) {
        sizes[best] += one;
        left--;
        waiting.add(best);
      }
    }
  }

  private static long billionths(double remainder) {
    return Math.round(1e9 * remainder);
  }
}
