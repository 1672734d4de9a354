package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Correctors that are Markov jump processes of {@link TokenRates}, run for a time h by one parallel
 * Euler step.
 *
 * <p>Source: uniform-diffusion spec 8.1. The jump process leaves q_sigma invariant exactly; its
 * step does not, with an error of order h^2 in total variation: a <em>heuristic</em>. Keep h below
 * half the inverse of the largest rate of leaving, which is about 1/sigma at small noise. Every
 * update is one evaluation of the whole sequence.
 */
public final class RateCorrector implements Corrector {
  private final TokenRates rates;
  private final double size;
  private final boolean share;
  private final int updates;

  private RateCorrector(TokenRates rates, double size, boolean share, int updates) {
    if (rates == TokenRates.REVERSE) {
      throw new IllegalArgumentException("rates must be locally balanced, got " + rates);
    }
    if (!(size > 0 && size < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("the step must be above 0 and finite, got " + size);
    }
    Corrector.checkUpdates(updates);
    this.rates = rates;
    this.size = size;
    this.share = share;
    this.updates = updates;
  }

  /**
   * Steps of one size at every level.
   *
   * @param rates all but REVERSE
   * @param h time of an update, nats of noise, above 0
   * @param updates per level, at least 1
   */
  public static RateCorrector ofStep(TokenRates rates, double h, int updates) {
    return new RateCorrector(rates, h, false, updates);
  }

  /**
   * Steps in proportion to the predictor step before them, which must start from finite noise.
   *
   * @param rates all but REVERSE
   * @param share h divided by the noise that the predictor step removed, above 0
   * @param updates per level, at least 1
   */
  public static RateCorrector ofShare(TokenRates rates, double share, int updates) {
    return new RateCorrector(rates, share, true, updates);
  }

  @Override
  public boolean exact() {
    return false;
  }

  @Override
  public int updates() {
    return updates;
  }

  @Override
  public List<ReverseMove> moves(NoiseLevel from, NoiseLevel at) {
    double h = share ? size * (from.sigma() - at.sigma()) : size;
    if (h == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "a corrector that steps by a share needs a finite first level, got Infinity");
    }
    return Collections.nCopies(updates, new RateMove(rates, h, at));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "RateCorrector[%s, %s=%s, updates=%d]",
        rates,
        share ? "share" : "step",
        size,
        updates);
  }
}
