package io.github.dllm4j.engine.denoise;

/**
 * A law of token sequences that is known from left to right: an autoregressive network, or an exact
 * law in its place.
 *
 * <pre>
 * ln p(x_0 .. x_{n-1}) = sum_i ln p(x_i | x_0 .. x_{i-1})
 * </pre>
 *
 * <p>Exact for every sequence up to {@link #length}: the sum over all of them is one. Safe for
 * several threads, but a {@link Reading} is for one.
 */
public interface CausalModel extends AutoCloseable {

  /** Number of ids; the width of every law. */
  int vocabulary();

  /** Longest sequence whose law is exact, tokens. */
  int length();

  /**
   * ln p(x_i | what the model sees before i) for every token of every sequence.
   *
   * <p>A sequence of at most {@link #length} tokens, L, is seen whole. Of a longer one, token i is
   * judged in a window: the first is tokens 0..L-1; each next begins half of L later (the last
   * where it ends with the sequence), judges the tokens that none before it has judged, and sees
   * what stands before them in it. So every token beyond the first L sees at least half of L
   * tokens.
   *
   * @param sequences ids, of any lengths, none for an empty sequence
   * @return nats, at most 0, one array per sequence, one entry per token
   * @throws IllegalArgumentException if an id is out of range
   */
  double[][] logProbabilities(int[][] sequences);

  /**
   * Begins to read sequences, from nothing.
   *
   * @param sequences how many, at least 1
   */
  Reading read(int sequences);

  /** Sequences read so far, all of one length. */
  interface Reading extends AutoCloseable {

    /**
     * Reads on, and says what comes next.
     *
     * @param tokens ids to read, [sequences][n] with one n, which may be 0 at the beginning only
     * @return one law per sequence; the caller closes it
     * @throws IllegalArgumentException if that is more than the model's length, minus one
     */
    TokenLaws next(int[][] tokens);

    /** Releases what is remembered; nothing by default. */
    @Override
    default void close() {}
  }

  /** Releases what the model holds; nothing by default. */
  @Override
  default void close() {}
}
