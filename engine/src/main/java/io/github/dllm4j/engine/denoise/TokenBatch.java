package io.github.dllm4j.engine.denoise;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Noisy sequences of one length, [size, length] row-major, each with its own noise level.
 *
 * <p>The levels are per sequence because requests at different steps share a batch; networks
 * without time input ignore them. A sequence may come with leave to answer it approximately.
 */
public final class TokenBatch {
  private final int size;
  private final int length;
  private final int[] tokens;
  private final double[] sigmas;
  private final List<Optional<CachedContext>> contexts; // of each sequence, or empty

  private TokenBatch(
      int size, int length, int[] tokens, double[] sigmas, List<Optional<CachedContext>> contexts) {
    this.size = size;
    this.length = length;
    this.tokens = tokens;
    this.sigmas = sigmas;
    this.contexts = contexts;
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
    return new TokenBatch(sigmas.length, length, tokens, sigmas, List.of());
  }

  /**
   * The same batch with leave to answer some sequences approximately.
   *
   * @param leave of each sequence, [size]
   * @throws IllegalArgumentException if a sequence differs from its context outside the stretch
   */
  public TokenBatch withContexts(List<Optional<CachedContext>> leave) {
    if (leave.size() != size) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "%d sequences need %d contexts, got %d", size, size, leave.size()));
    }
    for (int b = 0; b < size; b++) {
      if (leave.get(b).isPresent()) {
        check(b, leave.get(b).get());
      }
    }
    return new TokenBatch(size, length, tokens, sigmas, List.copyOf(leave));
  }

  private void check(int sequence, CachedContext context) {
    if (context.length() != length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a context must have %d tokens as its sequence, got %d",
              length,
              context.length()));
    }
    for (int p = 0; p < length; p++) {
      boolean inside = p >= context.from() && p < context.to();
      if (!inside && tokens[sequence * length + p] != context.token(p)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "sequence %d must be its context outside %d to %d, it differs at position %d",
                sequence,
                context.from(),
                context.to(),
                p));
      }
    }
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

  /** The leave to answer a sequence approximately, if there is one. */
  public Optional<CachedContext> context(int sequence) {
    return contexts.isEmpty() ? Optional.empty() : contexts.get(sequence);
  }

  /** A copy of the ids, [size * length] row-major. */
  public int[] toArray() {
    return tokens.clone();
  }
}
