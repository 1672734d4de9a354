package io.github.dllm4j.engine.loss;

/**
 * Denoising score entropy of one masked token (Lou, Meng, Ermon 2024, eq. 9, absorbing case), per
 * unit of total noise. With ratio = 1/(e^sigma - 1) and scores s(a) of turning MASK into a:
 *
 * <pre>
 * sum_a s(a) - ratio ln s(x) + ratio (ln ratio - 1)
 * = ratio (-ln phat(x) + c - 1 - ln c),   s = c phat / (e^sigma - 1), sum phat = 1
 * </pre>
 *
 * <p>The second form, used here, shows cross-entropy and normalisation penalty apart and loses
 * nothing at small noise. Multiply by sigma'(t) to integrate over t. O(S).
 */
public final class ScoreEntropy {
  private ScoreEntropy() {}

  /**
   * The loss of one token.
   *
   * @param logScores ln s(a) of the clean tokens, [S]
   * @param token the clean token x
   * @param sigma total noise, nats, above 0
   * @return at least 0 up to the entropy term, nats per nat of noise
   */
  public static double loss(double[] logScores, int token, double sigma) {
    double odds = Math.expm1(sigma);
    double logNormaliser = logSumExp(logScores);
    double crossEntropy = logNormaliser - logScores[token];
    return (crossEntropy + penalty(logNormaliser + Math.log(odds))) / odds;
  }

  /**
   * c - 1 - ln c, at least 0 and 0 only for a normalised head.
   *
   * @param logC ln c, c = (e^sigma - 1) sum_a s(a)
   */
  public static double penalty(double logC) {
    return Math.expm1(logC) - logC;
  }

  private static double logSumExp(double[] logs) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double log : logs) {
      largest = Math.max(largest, log);
    }
    double sum = 0;
    for (double log : logs) {
      sum += Math.exp(log - largest);
    }
    return largest + Math.log(sum);
  }
}
