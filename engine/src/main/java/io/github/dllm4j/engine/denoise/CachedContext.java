package io.github.dllm4j.engine.denoise;

import java.util.Locale;

/**
 * Leave to answer a sequence approximately: what a network has to know of the positions outside a
 * stretch (in attention, their keys and values) may be what it was on an earlier canvas, from which
 * the sequence differs inside the stretch only. Rows must be inside the stretch.
 *
 * <p>Where the stretch is a block, that is the dual cache of Fast-dLLM (Wu et al. 2025, section
 * 3.2); where it goes on to the end, its prefix cache. A law so computed is a function of both
 * canvases, and of nothing else. A denoiser that keeps nothing ignores the leave, and is exact.
 */
public final class CachedContext {
  private final int[] tokens;
  private final int from;
  private final int to;

  /**
   * A context.
   *
   * @param tokens ids of the earlier canvas, [length]; shared, must not change
   * @param from first position of the stretch
   * @param to the position after its last
   */
  public CachedContext(int[] tokens, int from, int to) {
    if (from < 0 || from >= to || to > tokens.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the stretch must be inside %d tokens, got %d to %d",
              tokens.length,
              from,
              to));
    }
    this.tokens = tokens;
    this.from = from;
    this.to = to;
  }

  /** A copy of the earlier canvas, [length]. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** Tokens of the canvas. */
  public int length() {
    return tokens.length;
  }

  /** Its token at a position. */
  public int token(int position) {
    return tokens[position];
  }

  /** First position of the stretch. */
  public int from() {
    return from;
  }

  /** The position after the last of the stretch. */
  public int to() {
    return to;
  }
}
