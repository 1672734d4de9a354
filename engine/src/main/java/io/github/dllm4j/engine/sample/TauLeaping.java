package io.github.dllm4j.engine.sample;

import java.util.Locale;

/**
 * The probability that a masked token is filled between two noise levels u0 > u1, for the samplers
 * of the tau-leaping family (spec 5.2). With L = c / (e^u0 - 1) the total score, h = u0 - u1, r =
 * (1 - e^-u1) / (1 - e^-u0), it is 1 minus
 *
 * <pre>
 * MODIFIED        r^c                  Dmitriev, Huang, Wei, Algorithm 1
 * TWEEDIE         1 - c (1 - r)        SEDD's analytic step, MDLM's ancestral step
 * TRUNCATED       exp(-L h)
 * POISSON_REJECT  1 - L h exp(-L h)    a token that would jump twice does not jump
 * EULER           1 - L h, at least 0
 * </pre>
 *
 * <p>c is what an unnormalised score sums to, in units of a normalised one; 1 for a softmax
 * predictor, and then MODIFIED and TWEEDIE coincide. 1 - r is computed as e^-u1 (1 - e^-h) / (1 -
 * e^-u0), which keeps its digits for small steps and has the right limit at u0 = infinity.
 */
public enum TauLeaping {
  /** Plain tau-leaping in the clock -ln(mask probability). */
  MODIFIED,
  /** Exact reverse transition of each token, given its clean law. */
  TWEEDIE,
  /** Tau-leaping with rates frozen at u0; at least one jump fills the token. */
  TRUNCATED,
  /** Tau-leaping with rates frozen at u0; only exactly one jump fills the token. */
  POISSON_REJECT,
  /** First order in h. */
  EULER;

  /**
   * The probability of filling a masked token.
   *
   * @param u0 total noise before, nats, above u1; infinity allowed
   * @param u1 total noise after, nats, at least 0
   * @param c normalisation of the score, above 0
   * @return in [0, 1]
   */
  public double unmaskProbability(double u0, double u1, double c) {
    if (!(u0 > u1 && u1 >= 0)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "levels must be u0 > u1 >= 0, got %s, %s", u0, u1));
    }
    if (!(c > 0)) {
      throw new IllegalArgumentException("c must be above 0, got " + c);
    }
    double oneMinusR = Math.exp(-u1) * Math.expm1(u1 - u0) / Math.expm1(-u0);
    double jumps = u0 == Double.POSITIVE_INFINITY ? 0 : c * (u0 - u1) / Math.expm1(u0);
    return switch (this) {
      case MODIFIED -> c == 1 ? oneMinusR : -Math.expm1(c * Math.log1p(-oneMinusR));
      case TWEEDIE -> Math.min(1, c * oneMinusR);
      case TRUNCATED -> -Math.expm1(-jumps);
      case POISSON_REJECT -> jumps * Math.exp(-jumps);
      case EULER -> Math.min(1, jumps);
    };
  }
}
