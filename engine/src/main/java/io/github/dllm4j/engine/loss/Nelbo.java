package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.Locale;

/**
 * A bound by K noisy copies of the scored tokens. The one that models are trained on:
 *
 * <pre>
 * masking  sum_j h_theta(j) = E over n uniform on 1..d of (d/n) CE_M, |M| = n     {@link MaskedBlockLoss}
 * uniform  integral of the score entropy + prior + reconstruction                 {@link UniformBlockLoss}
 * its N-step sampler's                                                            {@link UniformStepLoss}
 * </pre>
 *
 * <p>Given tokens stay clean: only the scored ones are masked or noised, and only their losses
 * count, so with context it bounds -ln p(scored | given).
 *
 * <p>Source: masked-diffusion spec 6 and 7, uniform-diffusion spec 4. Cost: K evaluations per
 * passage, K + 1 for uniform noise.
 */
record Nelbo(Denoiser denoiser, BlockLoss loss, String description, int batch, long seed)
    implements LikelihoodEstimator {

  static Nelbo of(Denoiser denoiser, int counts, int batch, long seed) {
    if (counts < 1 || batch < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "counts and batch must be at least 1, got %d and %d", counts, batch));
    }
    if (denoiser.mask().isPresent()) {
      return new Nelbo(
          denoiser,
          new MaskedBlockLoss(denoiser.mask().getAsInt(), counts),
          String.format(Locale.ROOT, "NELBO by %d systematic mask counts per block", counts),
          batch,
          seed);
    }
    return new Nelbo(
        LeaveOneOut.of(denoiser),
        new UniformBlockLoss(denoiser.vocabulary(), counts),
        String.format(
            Locale.ROOT,
            "NELBO by %d systematic noise times per block, prior and reconstruction",
            counts),
        batch,
        seed);
  }

  /** The N-step bound of a uniform model, {@link UniformStepLoss}. */
  static Nelbo ofSteps(Denoiser denoiser, String name, TimeGrid grid, int batch, long seed) {
    if (denoiser.mask().isPresent() || batch < 1) {
      throw new IllegalArgumentException(
          batch < 1
              ? "batch must be at least 1, got " + batch
              : "steps down a grid are for models of uniform noise, and this one has a MASK");
    }
    return new Nelbo(
        LeaveOneOut.of(denoiser),
        new UniformStepLoss(denoiser.vocabulary(), grid),
        "N-step bound, " + name + " per block, prior and reconstruction",
        batch,
        seed);
  }

  @Override
  public double nats(Passage passage, int index) {
    double[] losses = loss.losses(denoiser, loss.examples(passage, seed, index), batch);
    return passage.scored() * (loss.constant() + Arrays.stream(losses).sum());
  }

  @Override
  public Claim claim() {
    return Claim.BOUND;
  }
}
