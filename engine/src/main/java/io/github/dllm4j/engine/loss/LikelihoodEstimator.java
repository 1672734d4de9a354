package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.function.IntFunction;

/**
 * What a model says of -ln p(passage), or a bound on it, in nats. Every passage is a draw of its
 * own: what is random in an estimate is keyed by the seed and the passage's index, so neither the
 * batch nor the order of calls changes it.
 */
public interface LikelihoodEstimator {

  /** What kind of number an estimator gives. */
  enum Claim {
    /** At least -ln p, in the mean over the estimator's randomness. */
    BOUND,
    /**
     * -ln p exactly, of the model that writes in the order drawn for the passage; the same in every
     * order if the model's laws fit together, and then -ln p without reservation.
     */
    EXACT_ALONG_AN_ORDER,
    /** -ln p exactly. */
    EXACT
  }

  /**
   * The estimate of one passage.
   *
   * @param index of the passage; keys what is random together with the seed
   * @return nats of all scored tokens together; infinite if the model excludes one
   */
  double nats(Passage passage, int index);

  /** What the numbers are. */
  Claim claim();

  /** The estimator in a few words, for reports. */
  String description();

  /**
   * The bound that models are trained on, {@link Nelbo}: by mask counts for masking, by noise times
   * with prior and reconstruction for uniform noise; of one that writes block after block {@link
   * BlockLikelihood}.
   *
   * @param denoiser of a masking model if it has a MASK, else of a uniform one
   * @param counts K, mask counts or times per passage, at least 1
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the noise
   */
  static LikelihoodEstimator nelbo(Denoiser denoiser, int counts, int batch, long seed) {
    return denoiser instanceof BlockDenoiser blocks
        ? BlockLikelihood.nelbo(blocks, counts, batch, seed)
        : Nelbo.of(denoiser, counts, batch, seed);
  }

  /**
   * The likelihood along one random order, {@link ChainRule}; of a model that writes block after
   * block along one of each block, {@link BlockLikelihood}.
   *
   * @param denoiser a masking denoiser
   * @param batch as in {@link #nelbo}
   * @param seed of the orders
   */
  static LikelihoodEstimator chainRule(Denoiser denoiser, int batch, long seed) {
    return denoiser instanceof BlockDenoiser blocks
        ? BlockLikelihood.chainRule(blocks, batch, seed)
        : new ChainRule(denoiser, batch, seed);
  }

  /**
   * The N-step bound, {@link StepBound}.
   *
   * @param denoiser a masking denoiser
   * @param name of the plan, for reports, such as "8 balanced steps"
   * @param plan the plan for a number of scored tokens
   * @param batch as in {@link #nelbo}
   * @param seed of the orders
   */
  static LikelihoodEstimator steps(
      Denoiser denoiser, String name, IntFunction<SizePlan> plan, int batch, long seed) {
    return new StepBound(denoiser, name, plan, batch, seed);
  }

  /**
   * The N-step bound of uniform noise, {@link UniformStepLoss}, of the Tweedie sampler.
   *
   * @param denoiser without MASK
   * @param name of the grid, for reports, such as "8 log-linear steps"
   * @param grid the sampler's levels
   * @param batch as in {@link #nelbo}
   * @param seed of the noise
   */
  static LikelihoodEstimator steps(
      Denoiser denoiser, String name, TimeGrid grid, int batch, long seed) {
    return Nelbo.ofSteps(denoiser, name, grid, batch, seed);
  }

  /**
   * The K-sample bound, {@link SampleBound}.
   *
   * @param denoiser a masking denoiser
   * @param samples K, orders per passage, at least 1
   * @param name as in {@link #steps}
   * @param plan as in {@link #steps}
   * @param batch as in {@link #nelbo}
   * @param seed of the orders
   */
  static LikelihoodEstimator samples(
      Denoiser denoiser,
      int samples,
      String name,
      IntFunction<SizePlan> plan,
      int batch,
      long seed) {
    return new SampleBound(denoiser, samples, name, plan, batch, seed);
  }

  /**
   * The exact likelihood of an autoregressive model, {@link LeftToRight}.
   *
   * @param model whose length no passage exceeds
   */
  static LikelihoodEstimator leftToRight(CausalModel model) {
    return new LeftToRight(model);
  }
}
