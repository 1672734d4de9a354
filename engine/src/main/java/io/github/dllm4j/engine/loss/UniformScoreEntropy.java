package io.github.dllm4j.engine.loss;

/**
 * Denoising score entropy of one token under uniform noise (Lou, Meng, Ermon 2024), per nat of
 * total noise. With S symbols, x the noisy and x0 the clean token, rho = (e^sigma - 1) / (e^sigma -
 * 1 + S), K(a) = a (ln a - 1) and ell the log-scores, ell_x = 0:
 *
 * <pre>
 * x = x0:  (1/S) ( sum_{b != x} e^ell_b - rho sum_{b != x} ell_b + (S - 1) K(rho) )
 * x != x0: (1/S) ( sum_{b != x} e^ell_b - sum_{b != x, x0} ell_b - ell_x0 / rho + K(1 / rho) - (S - 2) )
 * </pre>
 *
 * <p>For a head that gives a leave-one-out law p the scores are r_b / r_x with r = alpha p + (1 -
 * alpha) / S, and with kappa = S / (e^sigma - 1), k = 1 + kappa [x = x0]:
 *
 * <pre>
 * ( 1 / (1 + kappa p_x) - 1 / k
 *   + ( (1 - alpha) / S sum_b L_b + alpha L_x0 - L_x ) / k ) / (1 - alpha)
 * sum_b L_b = ln(1 + kappa) - sum_b ln(1 + kappa p_b)
 * L_x0      = ln(1 + kappa) - ln(1 + kappa p_x0)
 * L_x       = ln k - ln(1 + kappa p_x)
 * </pre>
 *
 * <p>which needs three numbers of the law, no large exponential, and is exactly the integrand of
 * the bounds of UDLM and Duo. Source: uniform-diffusion spec 4, the stable form divided by (1 -
 * alpha) / S. O(S).
 */
public final class UniformScoreEntropy {
  private UniformScoreEntropy() {}

  /**
   * The loss of one token from log-scores.
   *
   * @param logScores ell, 0 at the token, [S]
   * @param token the noisy token x
   * @param clean the clean token x0
   * @param sigma total noise, nats, above 0
   * @return nats per nat of noise
   */
  public static double loss(double[] logScores, int token, int clean, double sigma) {
    int symbols = logScores.length;
    double rho = Math.expm1(sigma) / (Math.expm1(sigma) + symbols);
    double scores = 0;
    double logs = 0;
    for (int b = 0; b < symbols; b++) {
      if (b != token) {
        scores += Math.exp(logScores[b]);
        logs += b == clean ? 0 : logScores[b];
      }
    }
    double sum =
        token == clean
            ? scores - rho * logs + (symbols - 1) * entropy(rho)
            : scores - logs - logScores[clean] / rho + entropy(1 / rho) - (symbols - 2);
    return sum / symbols;
  }

  private static double entropy(double ratio) {
    return ratio * (Math.log(ratio) - 1);
  }

  /**
   * kappa = S / (e^sigma - 1), by which a leave-one-out probability enters.
   *
   * @param symbols S
   * @param sigma total noise, nats, above 0
   */
  public static double odds(int symbols, double sigma) {
    return symbols / Math.expm1(sigma);
  }

  /**
   * The loss of one token from a leave-one-out law.
   *
   * @param symbols S
   * @param ofToken p_x of the noisy token
   * @param ofClean p_x0 of the clean token
   * @param sumLogs sum_b ln(1 + kappa p_b)
   * @param same whether x = x0
   * @param sigma total noise, nats, above 0
   * @return nats per nat of noise
   */
  public static double loss(
      int symbols, double ofToken, double ofClean, double sumLogs, boolean same, double sigma) {
    double kappa = odds(symbols, sigma);
    double noise = -Math.expm1(-sigma);
    double k = same ? 1 + kappa : 1;
    double all = Math.log1p(kappa) - sumLogs;
    double atClean = Math.log1p(kappa) - Math.log1p(kappa * ofClean);
    double atToken = Math.log(k) - Math.log1p(kappa * ofToken);
    double bracket = noise / symbols * all + Math.exp(-sigma) * atClean - atToken;
    return (1 / (1 + kappa * ofToken) - 1 / k + bracket / k) / noise;
  }

  /**
   * KL of one token's law at the largest noise from the uniform law, nats: the prior term of the
   * bound.
   *
   * @param symbols S
   * @param sigma total noise, nats, above 0
   */
  public static double prior(int symbols, double sigma) {
    double alpha = Math.exp(-sigma);
    double noise = -Math.expm1(-sigma);
    return (alpha + noise / symbols) * Math.log1p((symbols - 1) * alpha)
        + (1 - 1.0 / symbols) * noise * Math.log(noise);
  }

  /**
   * -ln p(x0 | the noisy sequence) from a leave-one-out law, nats: the reconstruction term of the
   * bound at the smallest noise.
   *
   * @param symbols S
   * @param ofToken p_x of the noisy token
   * @param ofClean p_x0 of the clean token
   * @param same whether x = x0
   * @param sigma total noise, nats, above 0
   */
  public static double reconstruction(
      int symbols, double ofToken, double ofClean, boolean same, double sigma) {
    double kappa = odds(symbols, sigma);
    return Math.log1p(kappa * ofToken) - Math.log(ofClean) - (same ? Math.log1p(kappa) : 0);
  }
}
