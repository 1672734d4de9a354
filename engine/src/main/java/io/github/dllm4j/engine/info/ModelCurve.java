package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;

/**
 * The information curve of a model on data, one example at a time: b(j) = mean over the hidden
 * tokens of -ln p(x_i | the first j tokens of one random order), nested in j (spec 8). Its mean
 * over examples is the model's cross-entropy curve, which is at least the entropy curve of the
 * data. Cost: d evaluations of length d per example.
 */
public final class ModelCurve {
  private ModelCurve() {}

  /**
   * The curve of one example.
   *
   * @param block clean ids, [d]
   * @param example keys the random order together with the seed
   * @param batch sequences per network call
   * @return nats per hidden token, [d]
   */
  public static double[] of(Denoiser denoiser, int[] block, int example, int batch, long seed) {
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the model has no MASK"));
    int length = block.length;
    int[] order = KeyedRandom.permutation(length, seed, example, 0, Purpose.REVEAL_ORDER);
    double[] curve = new double[length];
    for (int from = 0; from < length; from += batch) {
      int to = Math.min(length, from + batch);
      int[] tokens = new int[(to - from) * length];
      Arrays.fill(tokens, mask);
      double[] sigmas = new double[to - from];
      int[] rows = new int[tokens.length];
      int[] targets = new int[tokens.length];
      int r = 0;
      for (int j = from; j < to; j++) {
        int at = (j - from) * length;
        for (int k = 0; k < j; k++) {
          tokens[at + order[k]] = block[order[k]];
        }
        sigmas[j - from] = -Math.log(j / (double) length);
        for (int i = 0; i < length; i++) {
          if (tokens[at + i] == mask) {
            rows[r] = at + i;
            targets[r++] = block[i];
          }
        }
      }
      try (TokenLaws laws =
          denoiser.predict(
              TokenBatch.of(length, tokens, sigmas), Rows.of(Arrays.copyOf(rows, r)))) {
        double[] logs = laws.logProbabilityOf(Arrays.copyOf(targets, r));
        for (int k = 0; k < r; k++) {
          int j = from + rows[k] / length;
          curve[j] -= logs[k] / (length - j);
        }
      }
    }
    return curve;
  }
}
