package io.github.dllm4j.engine.train;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;

/** How many tokens of each example are masked. */
public final class MaskCounts {
  private MaskCounts() {}

  /**
   * Systematic mask counts: n_i = 1 + floor(d (i + u) / B), of each size within one of B / d, and
   * uniform on 1..d for an example drawn at random from the batch.
   *
   * @param length d
   * @param batch B
   * @return the counts, [B]
   */
  public static int[] systematic(int length, int batch, long seed, int step) {
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
  public static int[] ofPlan(int[] sizes, int batch, long seed, int step) {
    int length = Arrays.stream(sizes).sum();
    int[] uniform = systematic(length, batch, seed, step);
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
