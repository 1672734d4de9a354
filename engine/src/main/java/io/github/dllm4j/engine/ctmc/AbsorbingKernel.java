package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Locale;
import java.util.Objects;

/**
 * Uniform noise told as absorption: every position has one uniform token u, which its token becomes
 * when it is noised. Given u this is masked diffusion with "mask" u_i, but for tokens that equal
 * u_i by themselves. A step of one position, p_c = p(x0 = c | all tokens x and all u):
 *
 * <pre>
 * AUDM    x' ~ w p + (1 - w) [x],  w = (alpha_s - alpha_t)/(1 - alpha_t);  u' = u
 * REAUDM  x0 ~ p,  x' from the bridge q(x' | x0, x) of uniform noise, then
 *         u' = x' if x' != x0, else u' = x' with probability 1/(1 + (S - 1) alpha_s),
 *         else one of the other S - 1 tokens
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 9, after the abstract of Gourevitch et al.; noise that is
 * already there is kept by the first and drawn anew by the second, which is exact for a single
 * token. The law of (x0, x_t) is that of uniform diffusion at every single t, the law of several
 * times is not. Cost O(S) and O(S^2).
 */
public enum AbsorbingKernel {
  /** Noise once drawn stays; a token that is not its u is never changed. */
  AUDM,
  /** Noise is drawn anew at every step, so that tokens may be revised. */
  REAUDM;

  /**
   * The law of token and noise after a step.
   *
   * @param predicted p(x0 = . | x, u), [S]; certain of x where x differs from u
   * @param token x
   * @param noise u
   * @param from the level t before; infinity allowed
   * @param to the level s after, below t
   * @return probabilities, [x' * S + u'], a new array, [S * S]
   */
  public double[] row(double[] predicted, int token, int noise, NoiseLevel from, NoiseLevel to) {
    int symbols = predicted.length;
    Objects.checkIndex(token, symbols);
    Objects.checkIndex(noise, symbols);
    if (!(to.sigma() < from.sigma())) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "to.sigma must be in [0, %s), got %s", from.sigma(), to.sigma()));
    }
    return this == AUDM
        ? keeping(predicted, token, noise, from, to)
        : renewing(predicted, token, from, to);
  }

  private static double[] keeping(
      double[] predicted, int token, int noise, NoiseLevel from, NoiseLevel to) {
    int symbols = predicted.length;
    double revealed =
        Math.exp(-to.sigma()) * Math.expm1(to.sigma() - from.sigma()) / Math.expm1(-from.sigma());
    double[] row = new double[symbols * symbols];
    for (int b = 0; b < symbols; b++) {
      row[b * symbols + noise] = revealed * predicted[b];
    }
    row[token * symbols + noise] += 1 - revealed;
    return row;
  }

  private static double[] renewing(double[] predicted, int token, NoiseLevel from, NoiseLevel to) {
    int symbols = predicted.length;
    NoiseProcess process = NoiseProcess.uniform(symbols);
    double alpha = Math.exp(-to.sigma());
    double same = 1 / (1 + (symbols - 1) * alpha);
    double[] row = new double[symbols * symbols];
    for (int clean = 0; clean < symbols; clean++) {
      if (predicted[clean] == 0) {
        continue;
      }
      double[] certain = new double[symbols];
      certain[clean] = 1;
      double[] noised = process.marginal(certain, to.sigma());
      double[] bridge = Reversal.times(process, noised, token, from.sigma() - to.sigma());
      for (int b = 0; b < symbols; b++) {
        double p = predicted[clean] * bridge[b];
        for (int v = 0; v < symbols; v++) {
          double kept = v == b ? same : (1 - same) / (symbols - 1);
          row[b * symbols + v] += b == clean ? p * kept : v == b ? p : 0;
        }
      }
    }
    return row;
  }
}
