package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/**
 * Gibbs updates of one site that is chosen by what the network says,
 *
 * <pre>
 * i ~ w(i | x) = softmax_i(rule_i(x) / tau),   y = x with x_i drawn from cond_i
 * raw          x becomes y
 * metropolis   x becomes y with probability min(1, w(i | y) / w(i | x)), else stays
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 8.2. Raw, as in the public implementations with one site at a
 * time, is a <em>heuristic</em>: the choice depends on x_i, and even a perfect network is moved
 * away from q_sigma. The Metropolis rule makes it exact and reversible; it costs nothing, because
 * the laws at y are needed for the next update anyway. Every update evaluates the whole sequence,
 * unless the token did not change. Departure: public code uses float32 Gumbel noise to draw i; here
 * it is inverse CDF.
 */
public final class ConfidenceCorrector implements Corrector {
  private final SiteRule rule;
  private final double tau;
  private final boolean metropolis;
  private final int updates;

  private ConfidenceCorrector(SiteRule rule, double tau, boolean metropolis, int updates) {
    if (!(tau > 0 && tau < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("tau must be above 0 and finite, got " + tau);
    }
    Corrector.checkUpdates(updates);
    this.rule = rule;
    this.tau = tau;
    this.metropolis = metropolis;
    this.updates = updates;
  }

  /**
   * What the public implementations do, for one site. Heuristic.
   *
   * @param rule how sites are compared
   * @param tau temperature of the choice, above 0; 1 is usual
   * @param updates per level, at least 1
   */
  public static ConfidenceCorrector raw(SiteRule rule, double tau, int updates) {
    return new ConfidenceCorrector(rule, tau, false, updates);
  }

  /**
   * The same with acceptance. Exact.
   *
   * @param rule how sites are compared; the mildest, {@link SiteRule#LOWEST_MAX_PROBABILITY}, mixes
   *     best
   * @param tau temperature of the choice, above 0
   * @param updates per level, at least 1
   */
  public static ConfidenceCorrector metropolis(SiteRule rule, double tau, int updates) {
    return new ConfidenceCorrector(rule, tau, true, updates);
  }

  @Override
  public boolean exact() {
    return metropolis;
  }

  @Override
  public int updates() {
    return updates;
  }

  @Override
  public List<ReverseMove> moves(NoiseLevel from, NoiseLevel at) {
    return Collections.nCopies(updates, new ConfidenceMove(rule, tau, metropolis, at));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "ConfidenceCorrector[%s, %s, tau=%s, updates=%d]",
        rule,
        metropolis ? "metropolis" : "raw",
        tau,
        updates);
  }
}
