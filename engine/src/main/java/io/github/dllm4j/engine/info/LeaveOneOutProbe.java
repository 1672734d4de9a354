package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.Locale;

/**
 * How far a head is from being leave-one-out: at one random position of every sequence the noisy
 * token is replaced by a random other one, and the total variation between the head's two
 * leave-one-out laws at that position is measured. 0 for a true leave-one-out head, up to rounding.
 *
 * <p>Source: uniform-diffusion spec section 3, "LOO honesty probe". A head tagged DENOISER is
 * converted first, so the probe also finds a wrong tag. Cost: two network calls.
 */
public final class LeaveOneOutProbe {
  private LeaveOneOutProbe() {}

  /**
   * What the probe found.
   *
   * @param mean total variation averaged over the sequences, in [0, 1]
   * @param largest the largest of them
   */
  public record Dependence(double mean, double largest) {}

  /**
   * Probes a head.
   *
   * @param denoiser a uniform-noise denoiser of at least two tokens
   * @param batch noisy sequences with noise levels above 0, at least one sequence
   * @param seed decides positions and replacements
   * @return how much the laws depend on what they must not see
   */
  public static Dependence measure(Denoiser denoiser, TokenBatch batch, long seed) {
    int symbols = denoiser.vocabulary();
    if (symbols < 2 || batch.size() < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "needs at least 2 tokens and 1 sequence, got %d and %d",
              symbols,
              batch.size()));
    }
    int[] changed = batch.toArray();
    int[] rows = new int[batch.size()];
    double[] sigmas = new double[batch.size()];
    for (int b = 0; b < rows.length; b++) {
      double where = KeyedRandom.uniform(seed, b, 0, 0, Purpose.OTHER);
      double shift = KeyedRandom.uniform(seed, b, 0, 1, Purpose.OTHER);
      rows[b] = b * batch.length() + (int) (where * batch.length());
      changed[rows[b]] = (changed[rows[b]] + 1 + (int) (shift * (symbols - 1))) % symbols;
      sigmas[b] = batch.sigma(b);
    }
    Denoiser head = LeaveOneOut.of(denoiser);
    double[][] before = laws(head, batch, rows);
    double[][] after = laws(head, TokenBatch.of(batch.length(), changed, sigmas), rows);
    double[] distances = new double[rows.length];
    Arrays.setAll(distances, b -> Divergence.totalVariation(before[b], after[b]));
    return new Dependence(
        Arrays.stream(distances).average().orElseThrow(),
        Arrays.stream(distances).max().orElseThrow());
  }

  private static double[][] laws(Denoiser head, TokenBatch batch, int[] rows) {
    try (TokenLaws laws = head.predict(batch, Rows.of(rows))) {
      return laws.toArray();
    }
  }
}
