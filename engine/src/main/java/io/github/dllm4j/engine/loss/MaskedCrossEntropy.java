package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;

/**
 * The term that every masked objective averages: CE_M(x), the sum over i in M of -ln phat(x_i | x
 * outside M), nats (spec section 6).
 *
 * <p>With weight d/|M| it estimates
 *
 * <ul>
 *   <li>the bound on -ln p(x), if |M| is uniform on 1..d and M uniform of its size: then it has a
 *       finite variance, unlike Bernoulli masks with weight 1/t;
 *   <li>Li and Cai's objective (arXiv 2505.21400, eq. 5), if |M| is the number of holes before step
 *       k of a plan of sizes with probability s_k/d: the likelihood of that plan's sampler.
 * </ul>
 *
 * <p>One network evaluation.
 */
public final class MaskedCrossEntropy {
  private MaskedCrossEntropy() {}

  /**
   * CE_M(x) in nats; infinite if the denoiser excludes a token.
   *
   * @param denoiser a masking denoiser
   * @param tokens clean ids, [d]
   * @param masked positions M, ascending, at least one
   */
  public static double nats(Denoiser denoiser, int[] tokens, int[] masked) {
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the denoiser has no MASK"));
    int[] noisy = tokens.clone();
    int[] targets = new int[masked.length];
    for (int r = 0; r < masked.length; r++) {
      targets[r] = tokens[masked[r]];
      noisy[masked[r]] = mask;
    }
    double sigma = -Math.log1p(-masked.length / (double) tokens.length);
    TokenBatch batch = TokenBatch.of(tokens.length, noisy, new double[] {sigma});
    try (TokenLaws laws = denoiser.predict(batch, Rows.of(masked))) {
      return -Arrays.stream(laws.logProbabilityOf(targets)).sum();
    }
  }

  /** (d / |M|) CE_M(x), nats; arguments as in {@link #nats}. */
  public static double weighted(Denoiser denoiser, int[] tokens, int[] masked) {
    return tokens.length / (double) masked.length * nats(denoiser, tokens, masked);
  }
}
