package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Locale;

/**
 * How much two holes say about each other, by their distance and by how many tokens between them
 * are known:
 *
 * <pre>
 * I(X_i; X_j | revealed) is about share(|i - j|, known between) min(H_i, H_j)
 * </pre>
 *
 * <p>The information of a pair is never more than the smaller of its entropies, so a share is in
 * [0, 1]; the entropies are those that the network's current laws have. In a Markov chain one known
 * token between two holes makes the share 0, which is what distance alone cannot say. Measured once
 * per model by {@link io.github.dllm4j.engine.info.DependenceProbe}.
 */
public final class DependenceKernel {
  private final double[][] shares; // [known between][distance - 1]

  private DependenceKernel(double[][] shares) {
    this.shares = shares;
  }

  /**
   * A kernel from its shares.
   *
   * @param shares in [0, 1], [known between][distance - 1], at least one of each; what lies beyond
   *     is as the last; copied
   */
  public static DependenceKernel of(double[][] shares) {
    double[][] copy = Arrays.stream(shares).map(double[]::clone).toArray(double[][]::new);
    if (copy.length == 0 || Arrays.stream(copy).anyMatch(row -> row.length == 0)) {
      throw new IllegalArgumentException("shares must have at least one row and one column");
    }
    for (double[] row : copy) {
      for (double share : row) {
        if (!(share >= 0 && share <= 1)) {
          throw new IllegalArgumentException("shares must be 0 to 1, got " + share);
        }
      }
    }
    return new DependenceKernel(copy);
  }

  /**
   * The share of the smaller entropy.
   *
   * @param distance |i - j|, at least 1
   * @param between known tokens between the two, at least 0
   */
  public double share(int distance, int between) {
    double[] row = shares[Math.min(between, shares.length - 1)];
    return row[Math.min(distance, row.length) - 1];
  }

  /** A copy of the shares, [known between][distance - 1]. */
  public double[][] shares() {
    return Arrays.stream(shares).map(double[]::clone).toArray(double[][]::new);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "DependenceKernel[neighbours %.3f, one known between %.3f]",
        share(1, 0),
        share(2, 1));
  }
}
