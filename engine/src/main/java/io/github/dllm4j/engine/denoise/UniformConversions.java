package io.github.dllm4j.engine.denoise;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;

/**
 * Exact conversions between what a uniform-noise head may put out at one position. With alpha =
 * e^-sigma, S symbols, x the noisy token there and P(a, b) = alpha [a = b] + (1 - alpha)/S:
 *
 * <pre>
 * denoiser      den_b  in proportion to  loo_b P(b, x)
 * leave-one-out loo_b  in proportion to  den_b / P(b, x)
 * conditional   cond_b = alpha loo_b + (1 - alpha)/S
 * score         s_b    = cond_b / cond_x
 * leave-one-out loo_b  = (s_b / sum_c s_c - (1 - alpha)/S) / alpha
 * </pre>
 *
 * <p>Source: uniform-diffusion spec section 3; the staggered score of SEDD (Lou, Meng, Ermon 2024)
 * is the last line, unnormalised. Departure: P replaces the spec's factor f = P(x, x)/P(b, x),
 * which is infinite at sigma = 0. Cost of every method O(S); arguments are never changed.
 */
public final class UniformConversions {
  /** A negative entry smaller than this, relative to the noise floor, is rounding. */
  private static final double ROUNDING = 1e-9;

  private UniformConversions() {}

  /**
   * A leave-one-out law made from a score.
   *
   * @param law probabilities, [S]
   * @param clipped entries that were negative beyond rounding and became 0; a true score has none
   */
  public record FromScore(double[] law, int clipped) {}

  /**
   * p(x0 at i | the noisy sequence), from p(x0 at i | the noisy sequence without its token at i).
   *
   * @param leaveOneOut probabilities, [S]
   * @param token the noisy token at the position
   * @param sigma total noise, nats, at least 0; at 0 the law is certain of the token
   * @return probabilities, [S]
   */
  public static double[] denoiser(double[] leaveOneOut, int token, double sigma) {
    check(leaveOneOut, token);
    checkSigma(sigma, sigma >= 0, "[0, infinity]");
    double other = redrawn(leaveOneOut.length, sigma);
    double[] law = leaveOneOut.clone();
    double total = 0;
    for (int b = 0; b < law.length; b++) {
      law[b] *= b == token ? other + Math.exp(-sigma) : other;
      total += law[b];
    }
    if (total == 0) {
      law[token] = 1; // sigma = 0 and a token that the law calls impossible
      return law;
    }
    return scaled(law, total);
  }

  /**
   * The inverse of {@link #denoiser}.
   *
   * @param denoiser probabilities, [S]
   * @param token the noisy token at the position
   * @param sigma total noise, nats, above 0: without noise the denoiser only repeats the token
   * @return probabilities, [S]
   */
  public static double[] leaveOneOut(double[] denoiser, int token, double sigma) {
    check(denoiser, token);
    checkSigma(sigma, sigma > 0, "(0, infinity]");
    double other = redrawn(denoiser.length, sigma);
    double[] law = denoiser.clone();
    double total = 0;
    for (int b = 0; b < law.length; b++) {
      law[b] *= b == token ? other : other + Math.exp(-sigma);
      total += law[b];
    }
    return scaled(law, total);
  }

  /**
   * The law of the noisy token given the other noisy tokens, which the Gibbs corrector draws from;
   * never below (1 - alpha)/S.
   *
   * @param leaveOneOut probabilities, [S]
   * @param sigma total noise, nats, at least 0
   * @return probabilities, [S]
   */
  public static double[] conditional(double[] leaveOneOut, double sigma) {
    check(leaveOneOut, 0);
    checkSigma(sigma, sigma >= 0, "[0, infinity]");
    double other = redrawn(leaveOneOut.length, sigma);
    double[] law = new double[leaveOneOut.length];
    for (int b = 0; b < law.length; b++) {
      law[b] = Math.exp(-sigma) * leaveOneOut[b] + other;
    }
    return law;
  }

  /**
   * The concrete score s_b = q(token at i becomes b) / q(unchanged); 1 at the token itself.
   *
   * @param leaveOneOut probabilities, [S]
   * @param token the noisy token at the position
   * @param sigma total noise, nats, above 0
   * @return ratios, [S]
   */
  public static double[] score(double[] leaveOneOut, int token, double sigma) {
    check(leaveOneOut, token);
    checkSigma(sigma, sigma > 0, "(0, infinity]");
    double[] conditional = conditional(leaveOneOut, sigma);
    return scaled(conditional, conditional[token]);
  }

  /**
   * The leave-one-out law of a score; its rounding grows like 1/alpha. A learned score may ask for
   * negative probabilities: they become 0, the rest is normalised. Where nothing is left, as from
   * about 36 nats on, when rounding has taken all that a score says, the law is uniform.
   *
   * @param score ratios, not negative, not all 0, [S]; a common factor does not matter
   * @param sigma total noise, nats, at least 0 and below 700
   * @return the law and how many entries were clipped
   */
  public static FromScore leaveOneOut(double[] score, double sigma) {
    check(score, 0);
    checkSigma(sigma, sigma >= 0 && sigma < 700, "[0, 700)");
    double sum = 0;
    for (double s : score) {
      if (!(s >= 0)) {
        throw new IllegalArgumentException("scores must be at least 0, got " + s);
      }
      sum += s;
    }
    double floor = redrawn(score.length, sigma);
    double[] law = new double[score.length];
    int clipped = 0;
    double total = 0;
    for (int b = 0; b < law.length; b++) {
      double above = score[b] / sum - floor;
      clipped += above < -ROUNDING * floor ? 1 : 0;
      law[b] = Math.max(0, above);
      total += law[b];
    }
    if (total == 0) {
      Arrays.fill(law, 1);
      total = law.length;
    }
    return new FromScore(scaled(law, total), clipped);
  }

  /** (1 - alpha)/S: the probability of becoming one given other token. */
  private static double redrawn(int symbols, double sigma) {
    return -Math.expm1(-sigma) / symbols;
  }

  private static double[] scaled(double[] law, double total) {
    for (int b = 0; b < law.length; b++) {
      law[b] /= total;
    }
    return law;
  }

  private static void check(double[] law, int token) {
    Objects.checkIndex(token, law.length);
  }

  static void checkSigma(double sigma, boolean good, String range) {
    if (!good) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "sigma must be in %s, got %s", range, sigma));
    }
  }
}
