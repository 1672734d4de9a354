package io.github.dllm4j.engine.steer;

import java.util.Arrays;
import java.util.Locale;

/**
 * How particles are chosen to go on: ancestor j is the first index whose cumulative weight exceeds
 * the j-th position. Every scheme makes each particle's expected number of copies count times its
 * weight, which keeps the estimate of Z unbiased.
 *
 * <pre>
 * SYSTEMATIC  position j = (u_0 + j)/count, one uniform
 * STRATIFIED  position j = (u_j + j)/count
 * RESIDUAL    floor(count w) copies for certain, the rest independent draws from the remainders
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 12; Douc, Cappe, Moulines 2005. Rounding cannot run past the
 * last particle of positive weight. Cost O(n + count log n).
 */
public enum Resampling {
  /** One uniform for all; the usual choice. */
  SYSTEMATIC,
  /** One uniform per stratum. */
  STRATIFIED,
  /** Certain copies first. */
  RESIDUAL;

  /**
   * The ancestors of the next generation.
   *
   * @param weights not negative, summing to 1 within 1e-9, [n]
   * @param count how many ancestors, at least 1
   * @param uniforms in [0, 1), [count]; SYSTEMATIC reads the first only
   * @return indices into the weights, [count]; for RESIDUAL the certain ones first
   * @throws IllegalArgumentException if the sizes or weights are out of range
   */
  public int[] ancestors(double[] weights, int count, double[] uniforms) {
    check(weights, count, uniforms);
    return switch (this) {
      case SYSTEMATIC -> atPositions(weights, count, 0, j -> (uniforms[0] + j) / count);
      case STRATIFIED -> atPositions(weights, count, 0, j -> (uniforms[j] + j) / count);
      case RESIDUAL -> residual(weights, count, uniforms);
    };
  }

  private static void check(double[] weights, int count, double[] uniforms) {
    double sum = 0;
    for (double weight : weights) {
      if (!(weight >= 0)) {
        throw new IllegalArgumentException("weights must be at least 0, got " + weight);
      }
      sum += weight;
    }
    if (Math.abs(sum - 1) > 1e-9) {
      throw new IllegalArgumentException("weights must sum to 1, got " + sum);
    }
    if (count < 1 || uniforms.length != count) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "needs count >= 1 and as many uniforms, got %d, %d",
              count,
              uniforms.length));
    }
  }

  private interface Position {
    double of(int j);
  }

  /** Ancestors at positions from index {@code from} on, the earlier entries left 0. */
  private static int[] atPositions(double[] weights, int count, int from, Position position) {
    double[] cumulative = weights.clone();
    for (int i = 1; i < cumulative.length; i++) {
      cumulative[i] += cumulative[i - 1]; // in order: a parallel sum depends on the processors
    }
    int last = weights.length - 1;
    while (last > 0 && weights[last] == 0) {
      last--;
    }
    int[] ancestors = new int[count];
    for (int j = from; j < count; j++) {
      double at = position.of(j);
      int low = 0;
      int high = last;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (cumulative[middle] <= at) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      ancestors[j] = low;
    }
    return ancestors;
  }

  private static int[] residual(double[] weights, int count, double[] uniforms) {
    double[] remainders = new double[weights.length];
    int[] certain = new int[count];
    int filled = 0;
    double left = 0;
    for (int i = 0; i < weights.length; i++) {
      int copies = Math.min(count - filled, (int) Math.floor(count * weights[i] + 1e-12));
      Arrays.fill(certain, filled, filled + copies, i);
      filled += copies;
      remainders[i] = Math.max(0, count * weights[i] - copies);
      left += remainders[i];
    }
    if (filled == count) {
      return certain;
    }
    double total = left;
    Arrays.setAll(remainders, i -> remainders[i] / total);
    int[] ancestors = atPositions(remainders, count, filled, j -> uniforms[j]);
    System.arraycopy(certain, 0, ancestors, 0, filled);
    return ancestors;
  }
}
