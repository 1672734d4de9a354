package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The curve of what a model would write into one canvas, measured without data: a few samples are
 * drawn by the nodes' steps in random order, and at every step the mean entropy of the laws of the
 * holes that are left is the value there. Entropies vary far less than losses, so a few samples
 * suffice (spec 8: 6 to 11 times less variance).
 *
 * <p>It is the curve of the model's own law, not of data; between the nodes the samples' tokens are
 * drawn independently, so it is a little off where they depend on each other strongly. Cost: one
 * evaluation per node, all samples in one batch, the head on every hole that is left.
 */
public final class ConditionalCurve {
  private ConditionalCurve() {}

  /**
   * Measures the curve.
   *
   * @param denoiser a masking denoiser
   * @param canvas what is given, with at least one hole
   * @param nodes where to measure, of as many tokens as there are holes
   * @param samples at least 2
   * @param seed of the samples
   * @throws IllegalArgumentException if the denoiser has no MASK
   * @return the samples' curves, source MODEL_SAMPLES
   */
  public static CurveSample of(
      Denoiser denoiser, Canvas canvas, CurveNodes nodes, int samples, long seed) {
    long own = KeyedRandom.seed(seed, Purpose.CURVE);
    int[] holes = canvas.holes();
    int[][] orders = new int[samples][];
    int[][] tokens = new int[samples][];
    List<double[]> curves = new ArrayList<>();
    for (int s = 0; s < samples; s++) {
      orders[s] = KeyedRandom.permutation(holes.length, own, s, 0, Purpose.REVEAL_ORDER);
      tokens[s] = canvas.tokens();
      curves.add(new double[nodes.count()]);
    }
    int[] at = nodes.at();
    for (int n = 0; n < at.length; n++) {
      int next = n + 1 < at.length ? at[n + 1] : at[n];
      int[][] revealed = new int[samples][];
      for (int s = 0; s < samples; s++) {
        int[] part = Arrays.copyOfRange(orders[s], at[n], next);
        revealed[s] = Arrays.stream(part).map(k -> holes[k]).sorted().toArray();
      }
      step(denoiser, tokens, holes.length - at[n], revealed, curves, n, own);
    }
    return CurveSample.of(InformationCurve.Source.MODEL_SAMPLES, nodes, curves);
  }

  /** Adds a node's entropies to the curves and fills the positions that are revealed there. */
  private static void step(
      Denoiser denoiser,
      int[][] tokens,
      int hidden,
      int[][] revealed,
      List<double[]> curves,
      int node,
      long seed) {
    int length = tokens[0].length;
    int mask = denoiser.mask().orElseThrow();
    int[] batch = new int[tokens.length * length];
    int[] rows = new int[tokens.length * hidden];
    double[] uniforms = new double[rows.length];
    double[] sigmas = new double[tokens.length];
    Arrays.fill(sigmas, -Math.log1p(-hidden / (double) length));
    int r = 0;
    for (int s = 0; s < tokens.length; s++) {
      System.arraycopy(tokens[s], 0, batch, s * length, length);
      for (int i = 0; i < length; i++) {
        if (tokens[s][i] == mask) {
          rows[r] = s * length + i;
          uniforms[r++] = KeyedRandom.uniform(seed, s, node, i, Purpose.DRAW);
        }
      }
    }
    try (TokenLaws laws = denoiser.predict(TokenBatch.of(length, batch, sigmas), Rows.of(rows))) {
      double[] entropies = laws.entropyNats();
      int[] drawn = laws.draw(uniforms);
      for (int k = 0; k < rows.length; k++) {
        int s = rows[k] / length;
        int position = rows[k] % length;
        curves.get(s)[node] += entropies[k] / hidden;
        if (Arrays.binarySearch(revealed[s], position) >= 0) {
          tokens[s][position] = drawn[k];
        }
      }
    }
  }
}
