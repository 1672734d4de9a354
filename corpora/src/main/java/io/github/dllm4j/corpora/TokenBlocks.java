package io.github.dllm4j.corpora;

import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * A token file in blocks of a fixed length, one after the other without overlap.
 *
 * @param tokens the tokens; closing them is up to the caller
 * @param length tokens in a block
 * @param partial whether a shorter last block counts
 */
public record TokenBlocks(TokenFile tokens, int length, boolean partial)
    implements Iterable<int[]> {

  /**
   * Checks the length.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public TokenBlocks {
    if (length < 1) {
      throw new IllegalArgumentException("block length is " + length + "; allowed: 1 or more");
    }
  }

  /** Number of blocks. */
  public long count() {
    long whole = tokens.size() / length;
    return partial && tokens.size() % length != 0 ? whole + 1 : whole;
  }

  /**
   * One block.
   *
   * @param index 0..count-1
   * @return its tokens, {@code length} of them or, in a partial last block, fewer
   * @throws IllegalArgumentException if the index is out of range
   */
  public int[] block(long index) {
    if (index < 0 || index >= count()) {
      throw new IllegalArgumentException("block is " + index + "; allowed: 0.." + (count() - 1));
    }
    long from = index * length;
    int[] block = new int[(int) Math.min(length, tokens.size() - from)];
    tokens.read(from, block);
    return block;
  }

  @Override
  public Iterator<int[]> iterator() {
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < count();
      }

      @Override
      public int[] next() {
        if (!hasNext()) {
          throw new NoSuchElementException("there are " + count() + " blocks");
        }
        return block(next++);
      }
    };
  }
}
