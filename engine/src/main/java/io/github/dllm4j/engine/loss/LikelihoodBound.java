package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.MaskedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * The masked model's bound on -ln p(x), by mask counts: per block the mean over K systematic counts
 * n of (d / n) * cross-entropy of n masked positions (spec "likelihood and perplexity"; MDLM's
 * NELBO without its time integral). Cost: K evaluations per block.
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
   * @param blocks clean blocks, all of one length
   * @param counts K, evaluations per block
   * @param batch sequences per network call
   * @param seed of the masks
   * @throws IllegalArgumentException if there is no block, or the denoiser has no MASK
   */
  public static LikelihoodBound estimate(
      Denoiser denoiser, Iterator<int[]> blocks, int counts, int batch, long seed) {
    int mask =
        denoiser
            .mask()
            .orElseThrow(() -> new IllegalArgumentException("the model has no MASK to bound with"));
    double sum = 0;
    double squares = 0;
    long tokens = 0;
    int done = 0;
    List<int[]> pending = new ArrayList<>();
    while (blocks.hasNext()) {
      pending.clear();
      while (blocks.hasNext() && pending.size() < Math.max(1, batch / counts)) {
        pending.add(blocks.next());
      }
      for (double nats : blockBounds(denoiser, pending, mask, counts, batch, seed, done)) {
        sum += nats;
        squares += nats * nats;
      }
      done += pending.size();
      tokens += (long) pending.size() * pending.get(0).length;
    }
    if (done == 0) {
      throw new IllegalArgumentException("the text is shorter than one block");
    }
    double mean = sum / done;
    double variance = Math.max(0, squares / done - mean * mean) * done / (done - 1.0);
    return new LikelihoodBound(mean, Math.sqrt(variance / done), done, tokens);
  }

  /** The bound of each block, nats per token, [blocks]. */
  private static double[] blockBounds(
      Denoiser denoiser,
      List<int[]> blocks,
      int mask,
      int counts,
      int batch,
      long seed,
      int firstBlock) {
    int length = blocks.get(0).length;
    int[][] rowsOfBlocks = new int[blocks.size() * counts][];
    int[] masked = new int[blocks.size() * counts];
    for (int b = 0; b < blocks.size(); b++) {
      int[] n = MaskedBatch.systematicCounts(length, counts, seed, firstBlock + b);
      for (int k = 0; k < counts; k++) {
        rowsOfBlocks[b * counts + k] = blocks.get(b);
        masked[b * counts + k] = n[k];
      }
    }
    double[] bounds = new double[blocks.size()];
    for (int from = 0; from < masked.length; from += batch) {
      int to = Math.min(masked.length, from + batch);
      MaskedBatch part =
          MaskedBatch.of(
              Arrays.copyOfRange(rowsOfBlocks, from, to),
              Arrays.copyOfRange(masked, from, to),
              mask,
              seed,
              firstBlock,
              from);
      double[] sigmas = new double[to - from];
      for (int i = 0; i < sigmas.length; i++) {
        sigmas[i] = -Math.log1p(-part.fractions()[i]);
      }
      TokenBatch tokens = TokenBatch.of(length, part.noisy(), sigmas);
      try (TokenLaws laws = denoiser.predict(tokens, Rows.of(part.rows()))) {
        double[] logs = laws.logProbabilityOf(part.targets());
        for (int r = 0; r < logs.length; r++) {
          int sequence = part.rows()[r] / length;
          bounds[(from + sequence) / counts] -= logs[r] / masked[from + sequence] / counts;
        }
      }
    }
    return bounds;
  }
}
