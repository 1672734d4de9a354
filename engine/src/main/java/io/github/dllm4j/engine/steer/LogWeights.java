package io.github.dllm4j.engine.steer;

import java.util.Arrays;
import java.util.List;

/**
 * Sums of weights kept as logarithms, always relative to the largest, so that nothing overflows.
 * O(n).
 */
final class LogWeights {
  private LogWeights() {}

  /** The scores of a scorer, checked. */
  static double[] scores(SequenceScorer scorer, List<int[]> sequences) {
    double[] scores = scorer.score(sequences);
    if (scores.length != sequences.size()) {
      throw new IllegalArgumentException(
          "scores must be one per sequence, " + sequences.size() + ", got " + scores.length);
    }
    for (double score : scores) {
      if (!(score < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("scores must be below infinity, got " + score);
      }
    }
    return scores;
  }

  /** log sum exp, -infinity if all are. */
  static double logSum(double[] logs) {
    double largest = Arrays.stream(logs).max().orElse(Double.NEGATIVE_INFINITY);
    if (largest == Double.NEGATIVE_INFINITY) {
      return largest;
    }
    double sum = 0;
    for (double log : logs) {
      sum += Math.exp(log - largest);
    }
    return largest + Math.log(sum);
  }

  /** Weights that sum to 1; equal ones if all are 0, [n]. */
  static double[] normalised(double[] logs) {
    double sum = logSum(logs);
    double[] weights = new double[logs.length];
    Arrays.setAll(
        weights,
        j -> sum == Double.NEGATIVE_INFINITY ? 1.0 / logs.length : Math.exp(logs[j] - sum));
    return weights;
  }

  /** Effective sample size (sum w)^2 / sum w^2 in [1, n]; 0 if all weights are 0. */
  static double effectiveSize(double[] logs) {
    double[] twice = Arrays.stream(logs).map(log -> 2 * log).toArray();
    double sum = logSum(logs);
    return sum == Double.NEGATIVE_INFINITY ? 0 : Math.exp(2 * sum - logSum(twice));
  }
}
