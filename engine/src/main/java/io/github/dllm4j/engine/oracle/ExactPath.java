package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.UniformConversions;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.List;

/**
 * How far the trajectories of a reverse sampler are from those of the true reverse process, by
 * enumeration through the denoiser and the moves that the sampler runs. On the grid's levels alone,
 * with x_k the noisy word at level s_k,
 *
 * <pre>
 * chain KL = KL(q_T || start) + sum_k E KL( p(x_{k+1} | x_k) || K_k(. | x_k) )
 * p(y | x) = q_{k+1}(y) prod_i P_{s_k - s_{k+1}}(y_i, x_i) / q_k(x)
 * </pre>
 *
 * <p>It bounds the KL of the samples and is bounded by the path KL, {@link
 * io.github.dllm4j.engine.info.ReverseCost}. Source: uniform-diffusion spec 5. Cost O(S^(2d)) per
 * step; at most 2^14 words. Not safe for several threads.
 */
public final class ExactPath {
  private final ExactLaw law;
  private final NoiseProcess process;
  private final NoisyOracle oracle;
  private final ExactReverse sampler;
  private final ExactReverse truth;

  /**
   * Prepares an enumeration of whole words, nothing fixed.
   *
   * @param law the data
   * @param process its noise, states being the law's symbols
   * @param denoiser what the sampler asks
   */
  public ExactPath(ExactLaw law, NoiseProcess process, Denoiser denoiser) {
    this.law = law;
    this.process = process;
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    sampler = new ExactReverse(denoiser, process, canvas, 1, 1);
    oracle = new NoisyOracle(law, process);
    truth = new ExactReverse(oracle, process, canvas, 1, 1);
  }

  /**
   * The KL between the chains of words at the levels of a plan, nats; infinite if the sampler
   * cannot make a move that the reverse process makes.
   *
   * @param plan without corrector, whose moves no reverse process makes
   */
  public double chainKl(ReversePlan plan) {
    if (plan.corrector().isPresent()) {
      throw new IllegalArgumentException("a chain KL needs a plan without corrector, got " + plan);
    }
    TimeGrid grid = plan.grid();
    List<ReverseMove> moves = plan.moves();
    double[] before = oracle.noised(grid.level(0));
    double kl = Divergence.kl(before, sampler.start());
    for (int k = 0; k < grid.steps(); k++) {
      double[] after = oracle.noised(grid.level(k + 1));
      double step = grid.level(k) - grid.level(k + 1);
      for (int x = 0; x < before.length; x++) {
        double[] reverse = truth.predecessors(x, step);
        for (int y = 0; y < reverse.length; y++) {
          reverse[y] *= after[y] / before[x];
        }
        kl += before[x] * Divergence.kl(reverse, sampler.after(x, moves.get(k)));
      }
      before = after;
    }
    return kl;
  }

  /**
   * The score entropy of the denoiser under uniform noise, nats per nat of noise: E over x of
   * q_sigma of sum over neighbours y of (1/S) (sh - s - s ln(sh/s)), with s the true and sh the
   * denoiser's score of y. 0 if and only if they agree.
   *
   * @param sigma total noise, nats, above 0
   */
  public double scoreEntropy(double sigma) {
    double[] q = oracle.noised(sigma);
    double mean = 0;
    for (int x = 0; x < q.length; x++) {
      for (int i = 0; i < law.length(); i++) {
        int token = truth.symbol(x, i);
        double[] s = UniformConversions.score(truth.laws(x, sigma)[i], token, sigma);
        double[] said = UniformConversions.score(sampler.laws(x, sigma)[i], token, sigma);
        for (int b = 0; b < s.length; b++) {
          mean += q[x] * Divergence.excess(s[b], said[b]) / process.stateCount();
        }
      }
    }
    return mean;
  }

  /** sum_k h_k times the score entropy at level k, nats: what a learned score adds to all costs. */
  public double scoreError(TimeGrid grid) {
    double error = 0;
    for (int k = 0; k < grid.steps(); k++) {
      error += (grid.level(k) - grid.level(k + 1)) * scoreEntropy(grid.level(k));
    }
    return error;
  }
}
