package io.github.dllm4j.engine.steer;

import java.util.Arrays;
import java.util.Locale;

/**
 * How far to go from a law P towards P* at once: the next law is
 *
 * <pre>
 * P' in proportion to P (P* / P)^eta,  the largest eta in [0, 1] with KL(P' || P) at most epsilon
 * </pre>
 *
 * <p>which minimises KL(Q || P*) among the laws Q within epsilon of P. The divergence grows with
 * eta, so bisection finds it. For particles drawn from P all masses are 1/K and the divergence is
 * the estimate sum W log(K W). Source: TRI-TSMC (2605.25123, abstract); the formulas are
 * uniform-diffusion spec 12. Cost O(n) per bisection step.
 */
public final class TrustRegion {
  private static final int BISECTIONS = 100;

  private TrustRegion() {}

  /**
   * The next law.
   *
   * @param eta in [0, 1]; 1 is P* itself
   * @param klNats KL(P' || P), nats
   * @param masses P', summing to 1, [n]
   */
  public record Step(double eta, double klNats, double[] masses) {}

  /**
   * The farthest step inside the trust region.
   *
   * @param masses P, not negative, [n]; normalised here
   * @param logRatios log(P* / P) up to a constant, below infinity, [n]
   * @param epsilon most nats from P, above 0
   * @return the step; eta = 0 and P itself if even the smallest step leaves the region, which needs
   *     infinite ratios, or if P* has no mass where P has some
   */
  public static Step farthest(double[] masses, double[] logRatios, double epsilon) {
    if (masses.length != logRatios.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "logRatios must have %d entries, got %d",
              masses.length,
              logRatios.length));
    }
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException("epsilon must be above 0, got " + epsilon);
    }
    double[] logMasses = Arrays.stream(masses).map(Math::log).toArray();
    double[] logTarget = new double[masses.length];
    Arrays.setAll(logTarget, j -> logMasses[j] + logRatios[j]);
    if (LogWeights.logSum(logTarget) == Double.NEGATIVE_INFINITY) {
      return step(logMasses, logRatios, 0);
    }
    Step whole = step(logMasses, logRatios, 1);
    if (whole.klNats <= epsilon) {
      return whole;
    }
    double low = 0;
    double high = 1;
    for (int i = 0; i < BISECTIONS; i++) {
      double middle = low + (high - low) / 2;
      if (step(logMasses, logRatios, middle).klNats <= epsilon) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return step(logMasses, logRatios, low);
  }

  private static Step step(double[] logMasses, double[] logRatios, double eta) {
    double[] logs = new double[logMasses.length];
    Arrays.setAll(logs, j -> logMasses[j] + (eta == 0 ? 0 : eta * logRatios[j]));
    double[] next = LogWeights.normalised(logs);
    double total = LogWeights.logSum(logMasses);
    double kl = 0;
    for (int j = 0; j < next.length; j++) {
      kl += next[j] == 0 ? 0 : next[j] * (Math.log(next[j]) - (logMasses[j] - total));
    }
    return new Step(eta, Math.max(0, kl), next);
  }
}
