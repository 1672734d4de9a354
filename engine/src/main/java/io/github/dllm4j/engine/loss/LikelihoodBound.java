package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;

/**
 * A model's bound on -ln p(x), the mean over blocks of text: for masking by mask counts ({@link
 * MaskedBlockLoss}), for uniform noise the NELBO with its prior and reconstruction terms ({@link
 * UniformBlockLoss}). Cost: K, for uniform noise K + 1, evaluations per block.
 *
 * @param natsPerToken the bound
 * @param standardError of the mean over blocks, nats per token; NaN with one block
 * @param blocks evaluated
 * @param tokens evaluated
 */
public record LikelihoodBound(double natsPerToken, double standardError, int blocks, long tokens) {

  /** Perplexity: exp of the bound per token. */
  public double perplexity() {
    return Math.exp(natsPerToken);
  }

  /**
   * Estimates the bound.
   *
   * @param denoiser of a masking model if it has a MASK, else of a uniform one
   * @param blocks clean blocks, all of one length
   * @param counts K, mask counts or times per block, at least 1
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the noise, which is keyed by block and evaluation
   * @throws IllegalArgumentException if there is no block, or they differ in length
   */
  public static LikelihoodBound estimate(
      Denoiser denoiser, Iterator<int[]> blocks, int counts, int batch, long seed) {
    if (counts < 1 || batch < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "counts and batch must be at least 1, got %d and %d", counts, batch));
    }
    boolean masking = denoiser.mask().isPresent();
    Denoiser asked = masking ? denoiser : LeaveOneOut.of(denoiser);
    BlockLoss loss =
        masking
            ? new MaskedBlockLoss(denoiser.mask().getAsInt(), counts)
            : new UniformBlockLoss(denoiser.vocabulary(), counts);
    double mean = 0;
    double squares = 0; // Welford's update
    int length = 0;
    int done = 0;
    while (blocks.hasNext()) {
      int[] block = blocks.next();
      if (done > 0 && block.length != length) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "blocks must all have %d tokens, got %d", length, block.length));
      }
      length = block.length;
      NoisyBatch examples = loss.examples(block, seed, done);
      double nats = loss.constant() + Arrays.stream(losses(asked, loss, examples, batch)).sum();
      done++;
      double delta = nats - mean;
      mean += delta / done;
      squares += delta * (nats - mean);
    }
    if (done == 0) {
      throw new IllegalArgumentException("the text is shorter than one block");
    }
    double variance = squares / (done - 1.0);
    return new LikelihoodBound(mean, Math.sqrt(variance / done), done, (long) done * length);
  }

  /** The weighted losses of each noisy copy of a block, [copies]. */
  static double[] losses(Denoiser denoiser, BlockLoss loss, NoisyBatch examples, int batch) {
    double[] sigmas = examples.sigmas();
    int length = examples.noisy().length / sigmas.length;
    int[] rows = examples.rows();
    double[] nats = new double[sigmas.length];
    int to = 0;
    for (int first = 0; first < sigmas.length; first += batch) {
      int last = Math.min(sigmas.length, first + batch);
      int from = to;
      while (to < rows.length && rows[to] < last * length) {
        to++;
      }
      int offset = first * length;
      TokenBatch asked =
          TokenBatch.of(
              length,
              Arrays.copyOfRange(examples.noisy(), offset, last * length),
              Arrays.copyOfRange(sigmas, first, last));
      int[] own = Arrays.copyOfRange(rows, from, to);
      Arrays.setAll(own, r -> own[r] - offset);
      try (TokenLaws laws = denoiser.predict(asked, Rows.of(own))) {
        double[] losses = loss.losses(laws, examples, from, to);
        for (int r = 0; r < losses.length; r++) {
          nats[rows[from + r] / length] += examples.weights()[from + r] * losses[r];
        }
      }
    }
    return nats;
  }
}
