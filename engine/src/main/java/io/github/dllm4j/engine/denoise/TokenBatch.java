package io.github.dllm4j.engine.denoise;

import java.util.Locale;

/**
 * Noisy sequences of one length, [size, length] row-major, each with its own noise level.
 *
 * <p>The levels are per sequence because requests at different steps share a batch; networks
 * without time input ignore them.
 */
public final class TokenBatch {
  private final int size;
  private final int length;
  private final int[] tokens;
  private final double[] sigmas;

  private TokenBatch(int size, int length, int[] tokens, double[] sigmas) {
    this.size = size;
    this.length = length;
    this.tokens = tokens;
    this.sigmas = sigmas;
  }

  /**
   * A batch over the given arrays, which are shared and not copied.
   *
   * @param length tokens per sequence, at least 1
   * @param tokens ids, [size * length] row-major
   * @param sigmas total noise of each sequence, nats, [size]; not NaN, at least 0, infinity allowed
   * @return the batch
   * @throws IllegalArgumentException if the sizes do not agree or a level is out of range
   */
  public static TokenBatch of(int length, int[] tokens, double[] sigmas) {
    if (length < 1 || tokens.length != (long) sigmas.length * length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a batch of %d sequences of length %d needs %d tokens, got %d",
              sigmas.length,
              length,
              (long) sigmas.length * length,
              tokens.length));
    }
    for (double sigma : sigmas) {
      if (!(sigma >= 0)) {
        throw new IllegalArgumentException("sigma must be at least 0, got " + sigma);
      }
    }
    return new TokenBatch(sigmas.length, length, tokens, sigmas);
  }

  /** Number of sequences. */
  public int size() {
    return size;
  }

  /** Tokens per sequence. */
  public int length() {
    return length;
  }

  /** The id at a flat index {@code sequence * length + position}. */
  public int token(int index) {
    return tokens[index];
  }

  /** Total noise of a sequence, nats. */
  public double sigma(int sequence) {
    return sigmas[sequence];
  }

  /** A copy of the ids, [size * length] row-major. */
  public int[] toArray() {
    return tokens.clone();
  }
}
