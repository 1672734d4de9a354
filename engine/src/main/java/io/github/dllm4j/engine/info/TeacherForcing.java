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
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * How likely plans of sizes make one example, without a curve: along one order whose blocks S_1,
 * S_2, .. a plan reveals,
 *
 * <pre>
 * -ln nu^S(x) = sum_k sum_{i in S_k} -ln p(x_i | x before S_k)                       (K4)
 * </pre>
 *
 * <p>Source: masked-diffusion spec 4 (K4) and 7. One token at a time this is the chain rule, the
 * exact -ln likelihood of the model that writes in that order. Over random orders its mean is sum_k
 * s_k h(N_k), whatever the denoiser. Cost: one evaluation per different number of known tokens at
 * which some plan begins a step, for all plans together; so N for one plan of N steps.
 */
public final class TeacherForcing {
  private TeacherForcing() {}

  /**
   * A random order of the last tokens of an example, uniform over all orders.
   *
   * @param given how many first tokens are given and not in the order
   * @param length of the example, above {@code given}
   * @param example keys the order together with the seed and the sample
   * @param sample which order of the example, at least 0
   * @return positions in [given, length), first revealed first
   */
  public static int[] order(int given, int length, int example, int sample, long seed) {
    int[] order =
        KeyedRandom.permutation(length - given, seed, example, 1 + sample, Purpose.REVEAL_ORDER);
    Arrays.setAll(order, k -> order[k] + given);
    return order;
  }

  /**
   * -ln of the probability that plans write the tokens of an order, given the others.
   *
   * @param denoiser a masking denoiser
   * @param tokens clean ids, [length]
   * @param order the positions to write, first first, each once, [d]; all others are given
   * @param plans of d holes, at least one
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @return nats, one for each plan; infinite where the denoiser excludes a token
   */
  public static double[] nats(
      Denoiser denoiser, int[] tokens, int[] order, List<SizePlan> plans, int batch) {
    int d = order.length;
    int[] reach = new int[d]; // how far the steps go that begin after j tokens, 0 if none does
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
    int[] starts = IntStream.range(0, d).filter(j -> reach[j] > 0).toArray();
    double[][] losses = new double[d][]; // [tokens known][place in the order - known], nats
    for (int from = 0; from < starts.length; from += batch) {
      int[] some = Arrays.copyOfRange(starts, from, Math.min(starts.length, from + batch));
      ask(denoiser, tokens, order, some, reach, losses);
    }
    double[] nats = new double[plans.size()];
    for (int p = 0; p < nats.length; p++) {
      int start = 0;
      for (int size : plans.get(p).sizes()) {
        for (int k = 0; k < size; k++) {
          nats[p] += losses[start][k];
        }
        start += size;
      }
    }
    return nats;
  }

  /**
   * What plans cost on one example over writing it one token at a time in the same order. The mean
   * over examples of the data and orders is sum_k s_k h(N_k) - sum_j h(j), the price (K1, K4) that
   * {@link CurvePlanner} predicts, without bias and whatever the denoiser; with an exact one it is
   * the conditional KL. Independent of curves: nothing is averaged over hidden tokens. Cost: one
   * evaluation per token, for all plans together.
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
    List<SizePlan> all = Stream.concat(plans.stream(), Stream.of(SizePlan.balanced(d, d))).toList();
    double[] nats = nats(denoiser, block, order(0, d, example, 0, seed), all, batch);
    double[] costs = new double[plans.size()];
    Arrays.setAll(costs, p -> nats[p] - nats[costs.length]);
    return costs;
  }

  /** Asks about the tokens that steps reveal, from each number of known tokens. */
  private static void ask(
      Denoiser denoiser, int[] block, int[] order, int[] starts, int[] reach, double[][] losses) {
    int length = block.length;
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the model has no MASK"));
    int[] tokens = new int[starts.length * length];
    double[] sigmas = new double[starts.length];
    int[] rows = new int[Arrays.stream(starts).map(j -> reach[j] - j).sum()];
    int[] place = new int[tokens.length]; // of each cell in the order
    int count = 0;
    for (int s = 0; s < starts.length; s++) {
      int known = starts[s];
      System.arraycopy(block, 0, tokens, s * length, length);
      for (int k = known; k < order.length; k++) {
        int cell = s * length + order[k];
        tokens[cell] = mask;
        place[cell] = k;
        if (k < reach[known]) {
          rows[count++] = cell;
        }
      }
      sigmas[s] = -Math.log1p(-(order.length - known) / (double) length);
      losses[known] = new double[reach[known] - known];
    }
    Arrays.sort(rows);
    int[] targets = Arrays.stream(rows).map(cell -> block[cell % length]).toArray();
    try (TokenLaws laws = denoiser.predict(TokenBatch.of(length, tokens, sigmas), Rows.of(rows))) {
      double[] logs = laws.logProbabilityOf(targets);
      for (int r = 0; r < rows.length; r++) {
        int known = starts[rows[r] / length];
        losses[known][place[rows[r]] - known] = -logs[r];
      }
    }
  }
}
