package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What plans of sizes really cost on one example, without a curve: along one random order whose
 * blocks S_1, S_2, .. a plan reveals,
 *
 * <pre>
 * sum_k sum_{i in S_k} -ln p(x_i | x before S_k)   minus the same one token at a time
 * </pre>
 *
 * <p>Its mean over examples of the data and orders is sum_k s_k h(N_k) - sum_j h(j), the price (K1,
 * K4) that {@link CurvePlanner} predicts, without bias and whatever the denoiser; with an exact one
 * it is the conditional KL. Independent of curves: nothing is averaged over hidden tokens. Cost:
 * one evaluation per token, for all plans together.
 */
public final class TeacherForcing {
  private TeacherForcing() {}

  /**
   * The costs of plans on one example.
   *
   * @param denoiser a masking denoiser
   * @param block clean ids, [d]
   * @param plans of d holes
   * @param example keys the random order together with the seed
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the order
   * @return nats, one for each plan
   */
  public static double[] costs(
      Denoiser denoiser, int[] block, List<SizePlan> plans, int example, int batch, long seed) {
    int d = block.length;
    int[] reach = new int[d]; // how far the blocks go that begin after j tokens
    Arrays.setAll(reach, j -> j + 1);
    for (SizePlan plan : plans) {
      if (plan.holes() != d) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "plans must be for the %d tokens, got %d", d, plan.holes()));
      }
      int start = 0;
      for (int size : plan.sizes()) {
        reach[start] = Math.max(reach[start], start + size);
        start += size;
      }
    }
    int[] order = KeyedRandom.permutation(d, seed, example, 1, Purpose.REVEAL_ORDER);
    double[][] losses = new double[d][d]; // [tokens known][place in the order], nats
    for (int from = 0; from < d; from += batch) {
      ask(denoiser, block, order, reach, from, Math.min(d, from + batch), losses);
    }
    double oneByOne = 0;
    for (int j = 0; j < d; j++) {
      oneByOne += losses[j][j];
    }
    double[] costs = new double[plans.size()];
    for (int p = 0; p < costs.length; p++) {
      int start = 0;
      for (int size : plans.get(p).sizes()) {
        for (int k = start; k < start + size; k++) {
          costs[p] += losses[start][k];
        }
        start += size;
      }
      costs[p] -= oneByOne;
    }
    return costs;
  }

  private static void ask(
      Denoiser denoiser,
      int[] block,
      int[] order,
      int[] reach,
      int from,
      int to,
      double[][] losses) {
    int d = block.length;
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the model has no MASK"));
    int[] place = new int[d]; // of each position in the order
    Arrays.setAll(place, i -> i);
    for (int k = 0; k < d; k++) {
      place[order[k]] = k;
    }
    int[] tokens = new int[(to - from) * d];
    double[] sigmas = new double[to - from];
    int[] rows = new int[tokens.length];
    int[] targets = new int[tokens.length];
    int count = 0;
    for (int known = from; known < to; known++) {
      sigmas[known - from] = -Math.log1p(-(d - known) / (double) d);
      for (int i = 0; i < d; i++) {
        int cell = (known - from) * d + i;
        tokens[cell] = place[i] < known ? block[i] : mask;
        if (place[i] >= known && place[i] < reach[known]) {
          rows[count] = cell;
          targets[count++] = block[i];
        }
      }
    }
    int[] asked = Arrays.copyOf(rows, count);
    try (TokenLaws laws = denoiser.predict(TokenBatch.of(d, tokens, sigmas), Rows.of(asked))) {
      double[] logs = laws.logProbabilityOf(Arrays.copyOf(targets, count));
      for (int r = 0; r < count; r++) {
        losses[from + asked[r] / d][place[asked[r] % d]] = -logs[r];
      }
    }
  }
}
