package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Arrays;
import java.util.Collections;

/**
 * The N-step bound of uniform noise: what the Tweedie sampler of N steps down a grid s_0 > .. > s_N
 * = 0 gives a text, over noisy paths x_0 .. x_{N-1} of it (D3PM's bound, Austin et al. 2021, eq. 1,
 * for leave-one-out laws),
 *
 * <pre>
 * L_N(x) = prior at s_0 + sum_{k &lt; N} E sum_i KL( q(. at s_{k+1} | x_k, x) || K(. | x_k) )
 * E L_N = H(data) + chain KL of the sampler,   L_N(x) >= -ln p_N(x)
 * </pre>
 *
 * <p>and per token, with t = s_k, s = s_{k+1}, h = t - s, kappa_u = S/(e^u - 1), k_u = 1 + kappa_u
 * [x_k = x], c = (1 - e^-h)(1 - e^-s) / (S (1 - e^-t) k_t) and D_b = ln(1 + kappa_s [b = x]) - ln(1
 * + kappa_s loo_b), as q is c off x_k and x,
 *
 * <pre>
 * KL = sum_b q(b) D_b - ln k_t + ln(1 + kappa_t loo_{x_k})
 * q(x_k) = c (1 + kappa_h) k_s,   q(x) = c (1 + kappa_s) if x is not x_k
 * </pre>
 *
 * <p>which needs three numbers of the law, as {@link UniformScoreEntropy} does, whose integral is
 * the limit of many steps. The last step, to s = 0, is the reconstruction. Source:
 * uniform-diffusion spec 4 to 6. Only the marginals of the path matter, so every level has one
 * noisy copy of its own. Cost: N evaluations per passage.
 *
 * @param symbols S
 * @param grid the levels
 */
record UniformStepLoss(int symbols, TimeGrid grid) implements BlockLoss {

  @Override
  public NoisyBatch examples(Passage passage, long seed, int index) {
    int steps = grid.steps();
    int[][] copies = Collections.nCopies(steps, passage.scoredTokens()).toArray(int[][]::new);
    NoiseLevel[] levels = new NoiseLevel[steps];
    Arrays.setAll(levels, k -> NoiseLevel.unitRate(grid.level(k)));
    double[] weights = new double[steps];
    Arrays.fill(weights, steps); // the sum over the steps, not their mean
    NoisyBatch noised = NoisyBatch.uniform(copies, levels, weights, symbols, seed, index, 0);
    return noised.after(passage.givenTokens(), noised.sigmas());
  }

  @Override
  public double[] losses(TokenLaws laws, NoisyBatch examples, int from, int to) {
    UniformRows rows = UniformRows.of(laws, examples, from, to, step -> odds(grid.level(step + 1)));
    double[] nats = new double[to - from];
    for (int r = 0; r < nats.length; r++) {
      int step = rows.copy()[r];
      nats[r] =
          nats(
              symbols,
              rows.ofNoisy()[r],
              rows.ofClean()[r],
              rows.logs()[r],
              rows.same()[r],
              grid.level(step),
              grid.level(step + 1));
    }
    return nats;
  }

  /** kappa of a level; nothing at 0, where the loss does not need the sum. */
  private double odds(double sigma) {
    return sigma == 0 ? 0 : UniformScoreEntropy.odds(symbols, sigma);
  }

  /**
   * KL of one token's step from the truth given the clean token, nats.
   *
   * @param symbols S
   * @param ofToken loo of the noisy token
   * @param ofClean loo of the clean token
   * @param sumLogs sum_b ln(1 + kappa_to loo_b)
   * @param same whether the noisy token is the clean one
   * @param from total noise before the step, nats, above {@code to}
   * @param to total noise after it, nats; 0 is the last step
   */
  static double nats(
      int symbols,
      double ofToken,
      double ofClean,
      double sumLogs,
      boolean same,
      double from,
      double to) {
    if (to == 0) {
      return UniformScoreEntropy.reconstruction(symbols, ofToken, ofClean, same, from);
    }
    double step = from - to;
    double before = UniformScoreEntropy.odds(symbols, from);
    double after = UniformScoreEntropy.odds(symbols, to);
    double start = same ? 1 + before : 1;
    double c = Math.expm1(-step) * Math.expm1(-to) / (symbols * -Math.expm1(-from) * start);
    double atToken = (same ? Math.log1p(after) : 0) - Math.log1p(after * ofToken);
    double atClean = Math.log1p(after) - Math.log1p(after * ofClean);
    double others = Math.log1p(after) - sumLogs - atToken - (same ? 0 : atClean);
    double stay = c * (1 + UniformScoreEntropy.odds(symbols, step)) * (same ? 1 + after : 1);
    double nats = c * others + stay * atToken + (same ? 0 : c * (1 + after) * atClean);
    return nats - Math.log(start) + Math.log1p(before * ofToken);
  }

  @Override
  public double constant() {
    return UniformScoreEntropy.prior(symbols, grid.level(0));
  }
}
