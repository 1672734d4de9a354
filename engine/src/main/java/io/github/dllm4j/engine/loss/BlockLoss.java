package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Arrays;

/** How one block of text is noised, several times, and what a network loses on it. */
interface BlockLoss {

  /**
   * The noisy copies of a passage, whose given tokens stay clean. The sum over rows of weight *
   * loss, plus {@link #constant}, is an unbiased estimate of the bound, nats per scored token.
   *
   * @param index of the passage; keys the noise together with the seed
   */
  NoisyBatch examples(Passage passage, long seed, int index);

  /**
   * The losses of some of the rows, nats.
   *
   * @param laws of these rows
   * @param examples what {@link #examples} returned
   * @param from first row
   * @param to row after the last
   * @return [to - from]
   */
  double[] losses(TokenLaws laws, NoisyBatch examples, int from, int to);

  /** What does not depend on the network, nats per token. */
  double constant();

  /** The weighted losses of each noisy copy of a passage, [copies]. */
  default double[] losses(Denoiser denoiser, NoisyBatch examples, int batch) {
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
        double[] losses = losses(laws, examples, from, to);
        for (int r = 0; r < losses.length; r++) {
          nats[rows[from + r] / length] += examples.weights()[from + r] * losses[r];
        }
      }
    }
    return nats;
  }
}
