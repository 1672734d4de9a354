package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;

/**
 * The information curve of a model on one example (spec 8): with the first j tokens of one random
 * order of the holes revealed, nested in j,
 *
 * <pre>
 * b(j) = mean over the hidden tokens of -ln p(x_i | revealed)       cross-entropy
 * e(j) = mean over the hidden tokens of the entropy of p(. | revealed)
 * </pre>
 *
 * <p>The mean of b over examples is the model's cross-entropy curve, which is at least the entropy
 * curve of the data; e is what the model believes, and E b - E e is 0 if the model is calibrated.
 * Cost: one evaluation per node.
 *
 * @param crossEntropy b at the nodes, nats
 * @param entropy e at the nodes, nats
 */
public record ModelCurve(double[] crossEntropy, double[] entropy) {

  /** The curve of a whole sequence, nothing given. */
  public static ModelCurve of(
      Denoiser denoiser, int[] block, CurveNodes nodes, int example, int batch, long seed) {
    int[] holes = new int[block.length];
    Arrays.setAll(holes, i -> i);
    return of(denoiser, block, holes, nodes, example, batch, seed);
  }

  /**
   * The curve of a sequence some of whose tokens are given.
   *
   * @param denoiser a masking denoiser
   * @param block clean ids, [length]
   * @param holes the positions that are not given, ascending, [d]
   * @param nodes where to measure, of d tokens
   * @param example keys the random order together with the seed
   * @param batch sequences per network call, at least 1
   * @return values at the nodes
   */
  public static ModelCurve of(
      Denoiser denoiser,
      int[] block,
      int[] holes,
      CurveNodes nodes,
      int example,
      int batch,
      long seed) {
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the model has no MASK"));
    int[] order = KeyedRandom.permutation(holes.length, seed, example, 0, Purpose.REVEAL_ORDER);
    ModelCurve curve = new ModelCurve(new double[nodes.count()], new double[nodes.count()]);
    for (int from = 0; from < nodes.count(); from += batch) {
      curve.ask(
          denoiser, mask, block, holes, order, nodes, from, Math.min(nodes.count(), from + batch));
    }
    return curve;
  }

  private void ask(
      Denoiser denoiser,
      int mask,
      int[] block,
      int[] holes,
      int[] order,
      CurveNodes nodes,
      int from,
      int to) {
    int length = block.length;
    int[] at = nodes.at();
    int[] tokens = new int[(to - from) * length];
    double[] sigmas = new double[to - from];
    int[] rows = new int[(to - from) * holes.length];
    int[] targets = new int[rows.length];
    int r = 0;
    for (int n = from; n < to; n++) {
      int offset = (n - from) * length;
      System.arraycopy(block, 0, tokens, offset, length);
      for (int k = at[n]; k < holes.length; k++) {
        tokens[offset + holes[order[k]]] = mask;
      }
      for (int hole : holes) {
        if (tokens[offset + hole] == mask) {
          rows[r] = offset + hole;
          targets[r++] = block[hole];
        }
      }
      sigmas[n - from] = -Math.log1p(-(holes.length - at[n]) / (double) length);
    }
    TokenBatch batch = TokenBatch.of(length, tokens, sigmas);
    try (TokenLaws laws = denoiser.predict(batch, Rows.of(Arrays.copyOf(rows, r)))) {
      double[] logs = laws.logProbabilityOf(Arrays.copyOf(targets, r));
      double[] entropies = laws.entropyNats();
      for (int k = 0; k < r; k++) {
        int n = from + rows[k] / length;
        crossEntropy[n] -= logs[k] / (holes.length - at[n]);
        entropy[n] += entropies[k] / (holes.length - at[n]);
      }
    }
  }
}
