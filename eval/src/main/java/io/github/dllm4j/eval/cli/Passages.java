package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.TokenBlocks;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.corpora.TokenWindows;
import io.github.dllm4j.engine.loss.Passage;
import java.util.Optional;
import java.util.function.LongFunction;

/**
 * The passages of a text that are scored, read when they are asked for: blocks one after the other,
 * or the windows of every document.
 *
 * @param count how many
 * @param each the passage of an index in [0, count)
 */
record Passages(int count, LongFunction<Passage> each) {

  /** One passage. */
  Passage at(int index) {
    return each.apply(index);
  }

  /**
   * Passages of a text, spread evenly if only some are wanted.
   *
   * @param length tokens of each at most
   * @param stride new tokens of a window, or empty for blocks
   * @param most so many at most
   */
  static Passages of(
      TokenFile tokens, int length, Optional<Integer> stride, Optional<Integer> most) {
    long all;
    LongFunction<Passage> each;
    if (stride.isPresent()) {
      TokenWindows windows = new TokenWindows(tokens, length, stride.get());
      all = windows.count();
      each = i -> new Passage(windows.read(windows.window(i)), windows.window(i).given());
    } else {
      TokenBlocks blocks = new TokenBlocks(tokens, length, false);
      all = blocks.count();
      each = i -> Passage.of(blocks.block(i));
    }
    int count = (int) Math.min(all, most.orElse(Integer.MAX_VALUE));
    return new Passages(count, i -> each.apply(i * all / count));
  }
}
