package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Locale;
import java.util.Objects;

/** Checks, rates and normalisation that the reverse kernels share. */
final class Reversal {
  private Reversal() {}

  static void check(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    if (leaveOneOut.length != process.stateCount()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "leaveOneOut must have %d entries, got %d",
              process.stateCount(),
              leaveOneOut.length));
    }
    Objects.checkIndex(token, leaveOneOut.length);
    if (!(to.sigma() < from.sigma())) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "to.sigma must be in [0, %s), got %s", from.sigma(), to.sigma()));
    }
  }

  /** sigma_t - sigma_s, finite. */
  static double step(NoiseLevel from, NoiseLevel to) {
    if (from.sigma() == Double.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(
          "a kernel that uses rates needs from.sigma in (0, infinity), got Infinity");
    }
    return from.sigma() - to.sigma();
  }

  /** r_b = Q[b][x] cond_b / cond_x per nat of noise, 0 at x itself, [stateCount]. */
  static double[] rates(NoiseProcess process, double[] leaveOneOut, int token, double sigma) {
    double[] conditional = process.marginal(leaveOneOut, sigma);
    double[] rates = new double[conditional.length];
    for (int b = 0; b < rates.length; b++) {
      double rate = b == token ? 0 : process.rate(b, token);
      rates[b] = rate == 0 ? 0 : rate * conditional[b] / conditional[token];
    }
    return rates;
  }

  /**
   * The rates under uniform noise as a line of the leave-one-out law; its own entry is their sum.
   *
   * @param ofToken loo_x
   */
  static Line uniformRates(int tokens, double ofToken, double sigma) {
    double kept = Math.exp(-sigma);
    double redrawn = -Math.expm1(-sigma) / tokens;
    double ofNoisy = (kept * ofToken + redrawn) * tokens;
    double others = kept * Math.max(0, 1 - ofToken) + redrawn * (tokens - 1);
    return new Line(kept / ofNoisy, redrawn / ofNoisy, others / ofNoisy);
  }

  /**
   * The denoiser under uniform noise, loo_b P_sigma(b, x) normalised, as a line.
   *
   * @param ofToken loo_x
   */
  static Line uniformDenoiser(int tokens, double ofToken, double sigma) {
    double kept = Math.exp(-sigma);
    double redrawn = -Math.expm1(-sigma) / tokens;
    double total = redrawn + kept * ofToken;
    return new Line(redrawn / total, 0, (kept + redrawn) * ofToken / total);
  }

  /** law_b P_sigma(b, x), normalised; certain of x if that is impossible, [stateCount]. */
  static double[] times(NoiseProcess process, double[] law, int token, double sigma) {
    double[] product = new double[law.length];
    for (int b = 0; b < product.length; b++) {
      product[b] = law[b] * process.transition(b, token, sigma);
    }
    return normalise(product, token);
  }

  /** Divides by the sum; a row of zeros becomes certain of the token. */
  static double[] normalise(double[] weights, int token) {
    double total = 0;
    for (double weight : weights) {
      total += weight;
    }
    if (total == 0) {
      weights[token] = 1;
      return weights;
    }
    for (int b = 0; b < weights.length; b++) {
      weights[b] /= total;
    }
    return weights;
  }
}
