package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.List;

/**
 * The chain rule along one random order o of the scored tokens,
 *
 * <pre>
 * -ln p_o(x) = sum_k -ln phat(x_o(k) | x_o(1) .. x_o(k-1))
 * </pre>
 *
 * <p>the exact -ln likelihood of the model that writes in that order. If the laws of the model fit
 * together (a self-consistent predictor) it is the same in every order: -ln p(x), with no variance
 * over orders. A learned one's do not quite; then the mean over orders is the NELBO, a bound on -ln
 * of the mean of p_o(x) over orders.
 *
 * <p>Source: masked-diffusion spec 6 (any-order autoregression) and 7, which warns of replacing
 * each term by the mean over all hidden tokens: that destroys the telescoping. Cost: one evaluation
 * per scored token.
 */
record ChainRule(Denoiser denoiser, int batch, long seed) implements LikelihoodEstimator {

  ChainRule {
    requireMasking(denoiser, batch);
  }

  @Override
  public double nats(Passage passage, int index) {
    int[] tokens = passage.tokens();
    int[] order = TeacherForcing.order(passage.given(), tokens.length, index, 0, seed);
    SizePlan ones = SizePlan.balanced(order.length, order.length);
    return TeacherForcing.nats(denoiser, tokens, order, List.of(ones), batch)[0];
  }

  @Override
  public Claim claim() {
    return Claim.EXACT_ALONG_AN_ORDER;
  }

  @Override
  public String description() {
    return "chain rule along one random order per block";
  }

  /** Checks what every estimator along orders of whole passages needs. */
  static void requireMasking(Denoiser denoiser, int batch) {
    if (denoiser instanceof BlockDenoiser) {
      throw new IllegalArgumentException(
          "steps and samples in random orders of a whole block of text are not for a model that"
              + " writes block after block: take nelbo or chain-rule");
    }
    if (denoiser.mask().isEmpty()) {
      throw new IllegalArgumentException(
          "a likelihood along orders is for masking models, and this one has no MASK");
    }
    if (batch < 1) {
      throw new IllegalArgumentException("batch must be at least 1, got " + batch);
    }
  }
}
