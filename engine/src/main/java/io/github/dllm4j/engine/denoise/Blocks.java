package io.github.dllm4j.engine.denoise;

import java.util.Locale;

/**
 * A text in blocks: position i is in block floor((i + before) / length). Only the first block can
 * be shorter, by what stands before the text, and the last, by where the text ends.
 *
 * @param length tokens of a block, at least 1
 * @param before what stands in the first block before the text, in [0, length]; a whole block is
 *     one with nothing of the text in it
 */
public record Blocks(int length, int before) {

  /** Checks the sizes. */
  public Blocks {
    if (length < 1 || before < 0 || before > length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a block needs at least 1 token, and 0 to that many before the text, got %d and %d",
              length,
              before));
    }
  }

  /** The block that a position is in. */
  public int of(int position) {
    return (position + before) / length;
  }

  /** The first position of a block. */
  public int from(int block) {
    return Math.max(0, block * length - before);
  }

  /**
   * The position after the last one of a block.
   *
   * @param tokens of the text
   */
  public int to(int block, int tokens) {
    return Math.min(tokens, (block + 1) * length - before);
  }
}
