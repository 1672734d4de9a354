package io.github.dllm4j.engine.ctmc;

import java.util.Locale;

/**
 * The law of a token x after a step of uniform noise, as weights that are a line of the
 * leave-one-out law: scale loo_b + shift for every b but x, and own for x. Only loo_x, one number,
 * is needed to know the line, so that a device that holds the laws can draw from it without handing
 * them over.
 *
 * @param scale at least 0
 * @param shift at least 0
 * @param own weight of the token itself, at least 0; the weights need not sum to one
 */
public record Line(double scale, double shift, double own) {

  /** Checks that no weight can be below 0. */
  public Line {
    if (!(scale >= 0 && shift >= 0 && own >= 0)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "scale, shift and own of a line must be at least 0, got %s, %s, %s",
              scale,
              shift,
              own));
    }
  }
}
