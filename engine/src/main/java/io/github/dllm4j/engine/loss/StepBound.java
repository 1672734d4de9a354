package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The N-step bound: what the sampler that writes a text in N steps S_1 .. S_N thinks of it,
 *
 * <pre>
 * -ln nu^S(x) = sum_k sum_{i in S_k} -ln phat(x_i | x before S_k)
 * E_S -ln nu^S(x) >= -ln p_N(x),   p_N(x) = E_S nu^S(x)
 * mean over the data = sum_k s_k h_theta(N_k) = H(data) + conditional KL of the sampler
 * </pre>
 *
 * <p>along one random order per passage. The mean is the expected NLL of the N-step sampler; the
 * sampler's own likelihood p_N is better than that (convexity), by how much {@link SampleBound}
 * shows.
 *
 * <p>Source: masked-diffusion spec 4 (K4) and 7; Li and Cai, arXiv 2505.21400, eq. 5. Cost: N
 * evaluations per passage.
 */
record StepBound(Denoiser denoiser, String name, IntFunction<SizePlan> plan, int batch, long seed)
    implements LikelihoodEstimator {

  StepBound {
    ChainRule.requireMasking(denoiser, batch);
  }

  @Override
  public double nats(Passage passage, int index) {
    int[] tokens = passage.tokens();
    int[] order = TeacherForcing.order(passage.given(), tokens.length, index, 0, seed);
    List<SizePlan> plans = List.of(plan.apply(order.length));
    return TeacherForcing.nats(denoiser, tokens, order, plans, batch)[0];
  }

  @Override
  public Claim claim() {
    return Claim.BOUND;
  }

  @Override
  public String description() {
    return "N-step bound, " + name + " per block";
  }
}
