package io.github.dllm4j.engine.train;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;

/**
 * Training examples with exact-size masks: what one forward and backward pass works on.
 *
 * <p>Example i of B masks n_i positions chosen uniformly and weighs each of them (d / n_i) / (B d),
 * so that the sum over all masked positions of weight * cross-entropy estimates the bound in nats
 * per token (spec "training objectives"; variance 5.5 against 25 with Bernoulli masks in its d = 6
 * example).
 *
 * @param noisy ids with MASK at the masked positions, [B * d] row-major
 * @param fractions masked fraction n_i / d of each example, [B]
 * @param rows flat indices of the masked positions, ascending, [R]
 * @param targets clean ids there, [R]
 * @param weights of their cross-entropies, [R]
 */
public record MaskedBatch(
    int[] noisy, double[] fractions, int[] rows, int[] targets, double[] weights) {

  /**
   * Noises clean blocks.
   *
   * @param blocks clean ids, [B][d]
   * @param counts how many tokens of each to mask, 1..d, [B]
   * @param mask id of MASK
   * @param seed of the run
   * @param step keys the masks together with the example
   * @param firstExample index of the first block among the step's examples
   */
  public static MaskedBatch of(
      int[][] blocks, int[] counts, int mask, long seed, int step, int firstExample) {
    int batch = blocks.length;
    int length = blocks[0].length;
    int total = Arrays.stream(counts).sum();
    MaskedBatch result =
        new MaskedBatch(
            new int[batch * length],
            new double[batch],
            new int[total],
            new int[total],
            new double[total]);
    int r = 0;
    for (int b = 0; b < batch; b++) {
      System.arraycopy(blocks[b], 0, result.noisy, b * length, length);
      result.fractions[b] = counts[b] / (double) length;
      int[] chosen =
          KeyedRandom.choose(length, counts[b], seed, firstExample + b, step, Purpose.MASK_SET);
      Arrays.sort(chosen);
      for (int position : chosen) {
        result.rows[r] = b * length + position;
        result.targets[r] = blocks[b][position];
        result.weights[r] = 1.0 / ((double) counts[b] * batch);
        result.noisy[result.rows[r]] = mask;
        r++;
      }
    }
    return result;
  }

  /**
   * Systematic mask counts: n_i = 1 + floor(d (i + u) / B), uniform on 1..d for every i and spread
   * evenly over the batch.
   *
   * @param length d
   * @param batch B
   * @return the counts, [B]
   */
  public static int[] systematicCounts(int length, int batch, long seed, int step) {
    double u = KeyedRandom.uniform(seed, 0, step, 0, Purpose.MASK_COUNT);
    int[] counts = new int[batch];
    for (int i = 0; i < batch; i++) {
      counts[i] = Math.min(length, 1 + (int) Math.floor(length * (i + u) / batch));
    }
    return counts;
  }

  /**
   * Mask counts a size plan meets (Li and Cai, objective 5): step k with probability s_k / d, and
   * then all that is not yet revealed before it; systematic over the batch.
   *
   * @param sizes in sampling order, sum d
   * @return the counts, [B]
   */
  public static int[] planCounts(int[] sizes, int batch, long seed, int step) {
    int length = Arrays.stream(sizes).sum();
    int[] uniform = systematicCounts(length, batch, seed, step);
    int[] counts = new int[batch];
    for (int i = 0; i < batch; i++) {
      int revealed = 0;
      int k = 0;
      while (uniform[i] > revealed + sizes[k]) {
        revealed += sizes[k++];
      }
      counts[i] = length - revealed;
    }
    return counts;
  }
}
