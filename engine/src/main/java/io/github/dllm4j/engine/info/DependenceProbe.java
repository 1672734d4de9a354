package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.DependenceKernel;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Measures a {@link DependenceKernel}: tokens are revealed in random order, now one and now many,
 * and when it was one, j, the entropy of every hole left has fallen by an unbiased sample of I(X_i;
 * X_j | known) (for the model's own law if tokens are drawn from it, up to the jumps):
 *
 * <pre>
 * share(distance, known between) = sum of falls / sum of min(H_i, H_j) over the pairs seen
 * </pre>
 *
 * <p>made non-increasing in the distance (a fall is noisy; more distance says no more), within [0,
 * 1]. A distance never seen is as the last seen before it, or the first. Cost: {@value #PROBES} + 1
 * evaluations per level of {@value #LEVELS}, all samples in one batch, the head on every hole left.
 */
public final class DependenceProbe {
  private static final int LEVELS = 8;
  private static final int PROBES = 3;

  /** Nothing, one, or more known between; more classes would see too few pairs. */
  private static final int CLASSES = 3;

  private final Denoiser denoiser;
  private final Source source;
  private final long seed;
  private final int[] holes;
  private final int[][] tokens; // [samples][length]
  private final int[][] orders; // [samples][holes]
  private final double[][] falls; // [class][distance - 1]
  private final double[][] entropies; // sums of min(H_i, H_j) of the same pairs

  /** The token that a sample gets at a position, given what its law would draw. */
  @FunctionalInterface
  private interface Source {
    int token(int sample, int position, int drawn);
  }

  private DependenceProbe(Denoiser denoiser, Canvas canvas, int samples, long seed, Source source) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples must be at least 1, got " + samples);
    }
    if (canvas.holeCount() < 1) {
      throw new IllegalArgumentException("dependence needs at least 1 hole, got 0");
    }
    this.denoiser = denoiser;
    this.source = source;
    this.seed = seed;
    holes = canvas.holes();
    tokens = new int[samples][];
    orders = new int[samples][];
    for (int s = 0; s < samples; s++) {
      tokens[s] = canvas.tokens();
      orders[s] = KeyedRandom.permutation(holes.length, seed, s, 0, Purpose.REVEAL_ORDER);
    }
    falls = new double[CLASSES][canvas.length()];
    entropies = new double[CLASSES][canvas.length()];
  }

  /**
   * Measures on a model's own samples.
   *
   * @param denoiser a masking denoiser
   * @param canvas what is given, with at least one hole
   * @param samples at least 1
   * @param seed of the samples and the order
   */
  public static DependenceKernel ofSamples(
      Denoiser denoiser, Canvas canvas, int samples, long seed) {
    return new DependenceProbe(denoiser, canvas, samples, seed, (s, position, drawn) -> drawn)
        .measure();
  }

  /**
   * Measures on data.
   *
   * @param denoiser a masking denoiser
   * @param blocks clean ids, at least one block, all of one length
   * @param seed of the order
   */
  public static DependenceKernel ofBlocks(Denoiser denoiser, List<int[]> blocks, long seed) {
    Canvas canvas = Canvas.blank(blocks.get(0).length, denoiser.mask().orElseThrow());
    return new DependenceProbe(
            denoiser, canvas, blocks.size(), seed, (s, position, drawn) -> blocks.get(s)[position])
        .measure();
  }

  private DependenceKernel measure() {
    int known = 0;
    for (int level = 0; level < LEVELS && known < holes.length; level++) {
      double[][] before = reveal(known, known + 1);
      known++;
      for (int probe = 0; probe < PROBES && known < holes.length; probe++) {
        int jump = probe == PROBES - 1 ? (level + 1) * holes.length / LEVELS : 0;
        int next = Math.max(known + 1, jump);
        double[][] after = reveal(known, next);
        record(known - 1, before, after);
        before = after;
        known = next;
      }
    }
    return DependenceKernel.of(
        IntStream.range(0, CLASSES).mapToObj(this::smooth).toArray(double[][]::new));
  }

  /** Asks about the holes left, then fills some; entropies by position, 0 where known. */
  private double[][] reveal(int known, int next) {
    int length = tokens[0].length;
    int left = holes.length - known;
    int[] batch = new int[tokens.length * length];
    int[] rows = new int[tokens.length * left];
    double[] uniforms = new double[rows.length];
    double[] sigmas = new double[tokens.length];
    Arrays.fill(sigmas, -Math.log1p(-left / (double) length));
    for (int s = 0; s < tokens.length; s++) {
      System.arraycopy(tokens[s], 0, batch, s * length, length);
      int[] asked = places(s, known, holes.length);
      for (int k = 0; k < left; k++) {
        rows[s * left + k] = s * length + asked[k];
        uniforms[s * left + k] = KeyedRandom.uniform(seed, s, known, asked[k], Purpose.DRAW);
      }
    }
    double[][] found = new double[tokens.length][length];
    try (TokenLaws laws = denoiser.predict(TokenBatch.of(length, batch, sigmas), Rows.of(rows))) {
      double[] nats = laws.entropyNats();
      int[] drawn = laws.draw(uniforms);
      for (int s = 0; s < tokens.length; s++) {
        int[] filled = places(s, known, next);
        for (int r = s * left; r < (s + 1) * left; r++) {
          int position = rows[r] - s * length;
          found[s][position] = nats[r];
          if (Arrays.binarySearch(filled, position) >= 0) {
            tokens[s][position] = source.token(s, position, drawn[r]);
          }
        }
      }
    }
    return found;
  }

  /** A part of a sample's order, as ascending positions. */
  private int[] places(int sample, int from, int to) {
    return Arrays.stream(orders[sample], from, to).map(h -> holes[h]).sorted().toArray();
  }

  /** Adds what the token revealed at a place in the order has told about the holes after it. */
  private void record(int place, double[][] before, double[][] after) {
    for (int s = 0; s < tokens.length; s++) {
      int probe = holes[orders[s][place]];
      int[] left = places(s, place + 1, holes.length);
      int at = -Arrays.binarySearch(left, probe) - 1;
      for (int k = 0; k < left.length; k++) {
        int distance = Math.abs(left[k] - probe);
        int unknown = k < at ? at - 1 - k : k - at;
        int known = Math.min(CLASSES - 1, distance - 1 - unknown);
        falls[known][distance - 1] += before[s][left[k]] - after[s][left[k]];
        entropies[known][distance - 1] += Math.min(before[s][left[k]], before[s][probe]);
      }
    }
  }

  private double[] smooth(int known) {
    int[] seen =
        IntStream.range(0, tokens[0].length).filter(g -> entropies[known][g] > 0).toArray();
    if (seen.length == 0) {
      return known == 0 ? new double[] {0} : smooth(known - 1);
    }
    double[] values = Arrays.stream(seen).mapToDouble(g -> share(known, g)).toArray();
    double[] weights = Arrays.stream(seen).mapToDouble(g -> entropies[known][g]).toArray();
    double[] fitted = IsotonicRegression.nonIncreasing(values, weights);
    double[] shares = new double[tokens[0].length];
    for (int g = 0, n = 0; g < shares.length; g++) {
      n = n + 1 < seen.length && seen[n + 1] <= g ? n + 1 : n;
      shares[g] = Math.min(1, Math.max(0, fitted[n]));
    }
    return shares;
  }

  private double share(int known, int g) {
    return falls[known][g] / entropies[known][g];
  }
}
