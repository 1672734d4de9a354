package io.github.dllm4j.engine.denoise;

import java.util.Arrays;

/**
 * The (sequence, position) pairs of a batch whose laws are wanted, as flat indices {@code sequence
 * * length + position} in strictly ascending order. Only for these is the vocabulary head
 * evaluated.
 */
public final class Rows {
  private final int[] indices;

  private Rows(int[] indices) {
    this.indices = indices;
  }

  /**
   * Rows from flat indices.
   *
   * @param indices strictly ascending, not negative; shared, not copied
   * @return the rows
   * @throws IllegalArgumentException if they are not strictly ascending or negative
   */
  public static Rows of(int[] indices) {
    for (int r = 0; r < indices.length; r++) {
      int before = r == 0 ? -1 : indices[r - 1];
      if (indices[r] <= before) {
        throw new IllegalArgumentException(
            "row indices must ascend strictly from 0, got " + indices[r] + " after " + before);
      }
    }
    return new Rows(indices);
  }

  /** Every position of every sequence of the batch. */
  public static Rows all(TokenBatch batch) {
    int[] indices = new int[batch.size() * batch.length()];
    Arrays.setAll(indices, r -> r);
    return new Rows(indices);
  }

  /** Number of rows. */
  public int size() {
    return indices.length;
  }

  /** Flat index {@code sequence * length + position} of row {@code r}. */
  public int index(int r) {
    return indices[r];
  }

  /** A copy of the flat indices, [rows]. */
  public int[] toArray() {
    return indices.clone();
  }

  @Override
  public String toString() {
    return "Rows" + Arrays.toString(indices);
  }
}
