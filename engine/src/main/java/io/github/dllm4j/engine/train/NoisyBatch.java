package io.github.dllm4j.engine.train;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;

/**
 * Training examples with noise, or shifted by one: what one forward and backward pass works on. The
 * sum over the rows of weight * loss estimates the objective in nats per token.
 *
 * @param noisy ids that the network reads, [B * d] row-major
 * @param sigmas total noise of each example, nats, infinity where everything is masked, [B]
 * @param rows flat indices of the positions that are trained, ascending, [R]
 * @param targets clean ids there, [R]
 * @param weights of their losses, [R]
 */
public record NoisyBatch(
    int[] noisy, double[] sigmas, int[] rows, int[] targets, double[] weights) {

  /**
   * Exact-size masks: example i masks n_i positions chosen uniformly and weighs each of them (d /
   * n_i) / (B d), so that the sum of weight * cross-entropy estimates the bound (spec "training
   * objectives"; variance 5.5 against 25 with Bernoulli masks in its d = 6 example).
   *
   * @param blocks clean ids, [B][d]
   * @param counts how many tokens of each to mask, 1..d, [B]
   * @param mask id of MASK
   * @param seed of the run
   * @param step keys the masks together with the example
   * @param firstExample index of the first block among the step's examples
   */
  public static NoisyBatch masked(
      int[][] blocks, int[] counts, int mask, long seed, int step, int firstExample) {
    NoisyBatch result = empty(blocks, Arrays.stream(counts).sum());
    int length = blocks[0].length;
    int r = 0;
    for (int b = 0; b < blocks.length; b++) {
      System.arraycopy(blocks[b], 0, result.noisy, b * length, length);
      result.sigmas[b] = -Math.log1p(-counts[b] / (double) length);
      int[] chosen =
          KeyedRandom.choose(length, counts[b], seed, firstExample + b, step, Purpose.MASK_SET);
      Arrays.sort(chosen);
      for (int position : chosen) {
        result.rows[r] = b * length + position;
        result.targets[r] = blocks[b][position];
        result.weights[r] = 1.0 / ((double) counts[b] * blocks.length);
        result.noisy[result.rows[r]] = mask;
        r++;
      }
    }
    return result;
  }

  /**
   * No noise: what stands before each token of a block, all positions being rows.
   *
   * @param blocks clean ids, [B][d]
   * @param start id that stands before the first token
   */
  public static NoisyBatch shifted(int[][] blocks, int start) {
    NoisyBatch result = empty(blocks, blocks.length * blocks[0].length);
    int length = blocks[0].length;
    for (int r = 0; r < result.rows.length; r++) {
      int i = r % length;
      result.noisy[r] = i == 0 ? start : blocks[r / length][i - 1];
      result.rows[r] = r;
      result.targets[r] = blocks[r / length][i];
      result.weights[r] = 1.0 / result.rows.length;
    }
    return result;
  }

  /**
   * Uniform noise: each token of example i is kept with probability alpha, else redrawn; all
   * positions are rows.
   *
   * @param blocks clean ids below the number of symbols, [B][d]
   * @param levels noise of each example, [B]
   * @param exampleWeights what an example's loss per token counts in the mean over the batch, [B]
   * @param symbols S
   * @param seed of the run
   * @param step keys the noise together with the example
   * @param firstExample index of the first block among the step's examples
   */
  public static NoisyBatch uniform(
      int[][] blocks,
      NoiseLevel[] levels,
      double[] exampleWeights,
      int symbols,
      long seed,
      int step,
      int firstExample) {
    int length = blocks[0].length;
    NoisyBatch result = empty(blocks, blocks.length * length);
    for (int b = 0; b < blocks.length; b++) {
      result.sigmas[b] = levels[b].sigma();
      for (int i = 0; i < length; i++) {
        int r = b * length + i;
        double uniform = KeyedRandom.uniform(seed, firstExample + b, step, i, Purpose.NOISE_TOKEN);
        result.noisy[r] = noised(blocks[b][i], levels[b].sigma(), symbols, uniform);
        result.rows[r] = r;
        result.targets[r] = blocks[b][i];
        result.weights[r] = exampleWeights[b] / ((double) blocks.length * length);
      }
    }
    return result;
  }

  /**
   * A token after uniform noise.
   *
   * @param token clean id
   * @param sigma total noise, nats
   * @param symbols S
   * @param uniform in [0, 1), decides both whether it is redrawn and what it becomes
   */
  public static int noised(int token, double sigma, int symbols, double uniform) {
    double redrawn = -Math.expm1(-sigma);
    return uniform < redrawn ? Math.min(symbols - 1, (int) (uniform / redrawn * symbols)) : token;
  }

  /**
   * The same examples behind tokens that are given: clean, and not trained.
   *
   * @param given clean ids, may be none
   * @param told noise of each example that the network is told, nats, [B]
   */
  public NoisyBatch after(int[] given, double[] told) {
    int length = noisy.length / sigmas.length;
    int longer = given.length + length;
    int[] tokens = new int[sigmas.length * longer];
    for (int b = 0; b < sigmas.length; b++) {
      System.arraycopy(given, 0, tokens, b * longer, given.length);
      System.arraycopy(noisy, b * length, tokens, b * longer + given.length, length);
    }
    int[] moved = new int[rows.length];
    Arrays.setAll(moved, r -> rows[r] / length * longer + given.length + rows[r] % length);
    return new NoisyBatch(tokens, told, moved, targets, weights);
  }

  private static NoisyBatch empty(int[][] blocks, int rows) {
    return new NoisyBatch(
        new int[blocks.length * blocks[0].length],
        new double[blocks.length],
        new int[rows],
        new int[rows],
        new double[rows]);
  }
}
