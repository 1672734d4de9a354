package io.github.dllm4j.engine.sample;

import java.util.Locale;

/**
 * The reverse process of uniform noise simulated exactly in continuous time, by thinning, from the
 * prior at the horizon T down to delta, where each token is drawn from the denoiser:
 *
 * <pre>
 * lambda(u) = d (1/(1 - e^-u) - 1/S)            at least the rate of leaving, for any network
 * Lambda(u) = d (ln(e^u - 1) - u/S)             its antiderivative
 * u' solves Lambda(u') = Lambda(u) - E, E ~ Exp(1); at u' the network gives r_ib = s_ib / S
 * token i becomes b with probability r_ib / lambda(u'), else nothing happens
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 7. Cost: d [ln((e^T - 1)/(e^delta - 1)) - (T - delta)/S]
 * evaluations in the mean, each of the whole sequence, plus the last one. With an exact network its
 * errors are the prior's, at most e^-T d ln S, and the last step's, which draws the tokens
 * independently (golden 04): there is no error of steps. Uniform noise only.
 *
 * @param horizon T, nats, above delta and finite
 * @param delta where the simulation ends, nats, above 0
 */
public record Uniformization(double horizon, double delta) implements ReverseCourse {

  /** Checks the ranges. */
  public Uniformization {
    if (!(horizon > 0 && horizon <= 700)) {
      throw new IllegalArgumentException("horizon must be above 0, at most 700, got " + horizon);
    }
    if (!(delta > 0 && delta < horizon)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "delta must be above 0 and below %s, got %s", horizon, delta));
    }
  }

  /**
   * Expected number of candidate events, each one evaluation; the last step is one more.
   *
   * @param holes number of tokens that may change, at least 0
   * @param symbols number of tokens S, at least 1
   */
  public double expectedEvents(int holes, int symbols) {
    return holes * (mass(horizon, symbols) - mass(delta, symbols));
  }

  /** lambda(u)/d: no rate of leaving of one token is larger. */
  static double bound(double sigma, int symbols) {
    return -1 / Math.expm1(-sigma) - 1.0 / symbols;
  }

  /** Lambda(u)/d. */
  private static double mass(double sigma, int symbols) {
    return sigma + Math.log(-Math.expm1(-sigma)) - sigma / symbols;
  }

  /**
   * The level of the next candidate event, by bisection.
   *
   * @param sigma the level now
   * @param holes number of tokens that may change, at least 1
   * @param symbols number of tokens S
   * @param uniform in [0, 1)
   * @return in (delta, sigma], or delta if there is no event before
   */
  double next(double sigma, int holes, int symbols, double uniform) {
    double target = mass(sigma, symbols) + Math.log1p(-uniform) / holes;
    if (mass(delta, symbols) >= target) {
      return delta;
    }
    double low = delta;
    double high = sigma;
    for (int i = 0; i < 100; i++) {
      double middle = low + (high - low) / 2;
      if (mass(middle, symbols) < target) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }
}
