package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Locale;

/**
 * A sequence to complete: fixed tokens, and holes that the sampler fills. The holes hold MASK, the
 * rest is never changed.
 */
public final class Canvas {
  private final int[] tokens;
  private final int[] holes;

  private Canvas(int[] tokens, int[] holes) {
    this.tokens = tokens;
    this.holes = holes;
  }

  /**
   * A canvas whose holes are the positions that hold MASK.
   *
   * @param tokens ids, [length], at least one; copied
   * @param mask the id of MASK
   * @return the canvas
   */
  public static Canvas of(int[] tokens, int mask) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("a canvas needs at least one token, got 0");
    }
    int[] holes = new int[tokens.length];
    int count = 0;
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "token ids must be at least 0, got %d at position %d", tokens[i], i));
      }
      if (tokens[i] == mask) {
        holes[count++] = i;
      }
    }
    return new Canvas(tokens.clone(), Arrays.copyOf(holes, count));
  }

  /**
   * A canvas of holes only.
   *
   * @param length tokens, at least 1
   * @param mask the id of MASK
   */
  public static Canvas blank(int length, int mask) {
    int[] tokens = new int[Math.max(0, length)];
    Arrays.fill(tokens, mask);
    return of(tokens, mask);
  }

  /** Number of tokens. */
  public int length() {
    return tokens.length;
  }

  /** Number of holes. */
  public int holeCount() {
    return holes.length;
  }

  /** A copy of the ids, MASK in the holes, [length]. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** A copy of the positions of the holes, ascending, [holeCount]. */
  public int[] holes() {
    return holes.clone();
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "Canvas[length=%d, holes=%d]", tokens.length, holes.length);
  }
}
