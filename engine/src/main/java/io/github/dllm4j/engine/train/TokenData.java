package io.github.dllm4j.engine.train;

/** A long row of token ids with random access: what training and evaluation read. */
public interface TokenData {

  /** Number of tokens. */
  long size();

  /**
   * Copies the tokens from an offset on until the array is full.
   *
   * @param offset at least 0, at most {@code size() - into.length}
   */
  void read(long offset, int[] into);

  /** Token data on the heap. */
  static TokenData of(int[] tokens) {
    return new TokenData() {
      @Override
      public long size() {
        return tokens.length;
      }

      @Override
      public void read(long offset, int[] into) {
        System.arraycopy(tokens, Math.toIntExact(offset), into, 0, into.length);
      }
    };
  }
}
