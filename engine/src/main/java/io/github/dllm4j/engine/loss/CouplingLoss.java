package io.github.dllm4j.engine.loss;

/**
 * The bound's integrand of a token that is redrawn from a prediction p or stays, per unit of alpha
 * times 1/(1 - alpha):
 *
 * <pre>
 * 1 - p_x - [x0 != x] (1 + ln p_x0)
 * </pre>
 *
 * <p>Source: Gourevitch et al. (rev_udm), uniform-diffusion spec 6.5 and 9. With p = p(x0 | x, u)
 * it is the loss of {@link io.github.dllm4j.engine.ctmc.AbsorbingKernel#AUDM}, 0 where x differs
 * from u, and its integral over alpha in (0, 1) is the entropy of the data for an exact p. With p
 * the denoiser it is that of maximal coupling, which is not tight: the process forgets u. In any
 * clock the factor is -alpha'/(1 - alpha). Cost O(1).
 */
public final class CouplingLoss {
  private CouplingLoss() {}

  /**
   * The integrand for one token.
   *
   * @param predicted law of the clean token, [S]
   * @param token the noisy token x
   * @param clean the clean token x0
   * @return nats; infinite where a clean token that is not x is called impossible
   */
  public static double integrand(double[] predicted, int token, int clean) {
    double left = 1 - predicted[token];
    return clean == token ? left : left - 1 - Math.log(predicted[clean]);
  }
}
