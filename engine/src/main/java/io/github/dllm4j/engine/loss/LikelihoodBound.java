package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.train.MaskedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

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
   * @param counts K, evaluations per block, at least 1
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the masks, which are keyed by block and evaluation
   * @throws IllegalArgumentException if there is no block, they differ in length, or the denoiser
   *     has no MASK
   */
  public static LikelihoodBound estimate(
      Denoiser denoiser, Iterator<int[]> blocks, int counts, int batch, long seed) {
    int mask =
        denoiser
            .mask()
            .orElseThrow(() -> new IllegalArgumentException("the model has no MASK to bound with"));
    if (counts < 1 || batch < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "counts and batch must be at least 1, got %d and %d", counts, batch));
    }
    double mean = 0;
    double squares = 0; // Welford's update
    long tokens = 0;
    int done = 0;
    List<int[]> pending = new ArrayList<>();
    while (blocks.hasNext()) {
      int first = done;
      pending.clear();
      while (blocks.hasNext() && pending.size() < Math.max(1, batch / counts)) {
        pending.add(blocks.next());
      }
      for (double nats : blockBounds(denoiser, pending, mask, counts, batch, seed, first)) {
        done++;
        double delta = nats - mean;
        mean += delta / done;
        squares += delta * (nats - mean);
      }
      tokens += (long) pending.size() * pending.get(0).length;
    }
    if (done == 0) {
      throw new IllegalArgumentException("the text is shorter than one block");
    }
    double variance = squares / (done - 1.0);
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
    int total = blocks.size() * counts;
    int[] masked = new int[total];
    for (int b = 0; b < blocks.size(); b++) {
      if (blocks.get(b).length != length) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "blocks must all have %d tokens, got %d",
                length,
                blocks.get(b).length));
      }
      int[] n = MaskedBatch.systematicCounts(length, counts, seed, firstBlock + b);
      System.arraycopy(n, 0, masked, b * counts, counts);
    }
    double[] bounds = new double[blocks.size()];
    for (int from = 0; from < total; from += batch) {
      int size = Math.min(total - from, batch);
      int[] noisy = new int[size * length];
      double[] sigmas = new double[size];
      int[] rows = new int[Arrays.stream(masked, from, from + size).sum()];
      int[] targets = new int[rows.length];
      int r = 0;
      for (int i = 0; i < size; i++) {
        int block = (from + i) / counts;
        int[] chosen =
            KeyedRandom.choose(
                length,
                masked[from + i],
                seed,
                (from + i) % counts,
                firstBlock + block,
                Purpose.MASK_SET);
        Arrays.sort(chosen);
        System.arraycopy(blocks.get(block), 0, noisy, i * length, length);
        for (int position : chosen) {
          rows[r] = i * length + position;
          targets[r] = noisy[rows[r]];
          noisy[rows[r++]] = mask;
        }
        sigmas[i] = -Math.log1p(-masked[from + i] / (double) length);
      }
      TokenBatch tokens = TokenBatch.of(length, noisy, sigmas);
      try (TokenLaws laws = denoiser.predict(tokens, Rows.of(rows))) {
        double[] logs = laws.logProbabilityOf(targets);
        for (int k = 0; k < r; k++) {
          int sequence = from + rows[k] / length;
          bounds[sequence / counts] -= logs[k] / masked[sequence] / counts;
        }
      }
    }
    return bounds;
  }
}
