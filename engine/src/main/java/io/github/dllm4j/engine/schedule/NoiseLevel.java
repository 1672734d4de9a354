package io.github.dllm4j.engine.schedule;

/**
 * Noise at one time: the total and its derivative together, so that nobody differentiates twice.
 *
 * @param t time, at least 0; 0 is data
 * @param sigma total noise, nats, at least 0; infinity is allowed and means pure noise
 * @param sigmaRate d(sigma)/dt, nats per unit time, at least 0
 */
public record NoiseLevel(double t, double sigma, double sigmaRate) {

  /** Checks the ranges. */
  public NoiseLevel {
    if (!(t >= 0)) {
      throw new IllegalArgumentException("t must be at least 0, got " + t);
    }
    if (!(sigma >= 0)) {
      throw new IllegalArgumentException("sigma must be at least 0, got " + sigma);
    }
    if (!(sigmaRate >= 0)) {
      throw new IllegalArgumentException("sigmaRate must be at least 0, got " + sigmaRate);
    }
  }

  /** The level of the unit-rate clock, where time is the total noise itself. */
  public static NoiseLevel unitRate(double sigma) {
    return new NoiseLevel(sigma, sigma, 1);
  }

  /** Probability that a token is still clean, exp(-sigma). */
  public double alpha() {
    return Math.exp(-sigma);
  }

  /** Probability that a token is masked, 1 - exp(-sigma). */
  public double maskProbability() {
    return -Math.expm1(-sigma);
  }

  /**
   * Total unmasking rate of one masked token and weight of the cross-entropy in the bound: sigma' /
   * (e^sigma - 1) = -alpha' / (1 - alpha), per unit time. Infinite at sigma = 0.
   *
   * @return the weight; NaN where both sigma and its rate are infinite, where only the schedule
   *     knows the limit: {@link NoiseSchedule#weight}
   */
  public double weight() {
    return sigma == 0 ? Double.POSITIVE_INFINITY : sigmaRate / Math.expm1(sigma);
  }
}
