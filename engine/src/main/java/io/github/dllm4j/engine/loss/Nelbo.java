package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import java.util.Arrays;
import java.util.Locale;

/**
 * The bound that models are trained on, by K noisy copies of the scored tokens:
 *
 * <pre>
 * masking  sum_j h_theta(j) = E over n uniform on 1..d of (d/n) CE_M, |M| = n     {@link MaskedBlockLoss}
 * uniform  integral of the score entropy + prior + reconstruction                 {@link UniformBlockLoss}
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
