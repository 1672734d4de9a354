package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.info.InformationCurve.Source;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The information curve of a block of a model that writes block after block: with the text before
 * the block clean and j random tokens of the block known,
 *
 * <pre>
 * h(j) = mean over texts, whole blocks and hidden tokens of -ln p(x_i | text before, j of the block)
 * </pre>
 *
 * <p>The conditional KL of a sampler is the sum over blocks of that of its plan in the block, each
 * in the mean over the data's beginnings; so if all whole blocks are written by plans of one
 * block's holes, theirs is the sum of these plans' prices on h, all that {@link CurvePlanner} says
 * of one sequence then being said of a block. Blocks with less than their full number of tokens
 * have no part in it: the first, and the last of a text that ends in it.
 *
 * <p>An example is a text, so its blocks need not be independent for a standard error. Cost: one
 * evaluation of the text per node, and one of the clean text.
 */
public final class BlockCurve {
  private BlockCurve() {}

  /**
   * Measures texts.
   *
   * @param texts clean ids, each with at least one whole block; at least two
   * @param nodes where to measure, of a block's tokens
   * @param batch sequences per network call, at least 1; changes nothing but speed
   * @param seed of the random orders
   */
  public static CurveStudy of(
      BlockDenoiser denoiser, Iterator<int[]> texts, CurveNodes nodes, int batch, long seed) {
    List<double[]> crosses = new ArrayList<>();
    List<double[]> entropies = new ArrayList<>();
    long evaluations = 0;
    while (texts.hasNext()) {
      ModelCurve curve = of(denoiser, texts.next(), nodes, crosses.size(), batch, seed);
      crosses.add(curve.crossEntropy());
      entropies.add(curve.entropy());
      evaluations += nodes.count() + (nodes.count() + batch - 1) / batch;
    }
    return new CurveStudy(
        CurveSample.of(Source.MODEL_CROSS_ENTROPY, nodes, crosses, true),
        CurveSample.of(Source.MODEL_ENTROPY, nodes, entropies, true),
        evaluations);
  }

  /** The first positions of the blocks that have their full number of tokens. */
  private static int[] whole(Blocks blocks, int length) {
    int[] from =
        IntStream.rangeClosed(0, blocks.of(length - 1))
            .filter(b -> blocks.to(b, length) - blocks.from(b) == blocks.length())
            .map(blocks::from)
            .toArray();
    if (from.length == 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a text of %d tokens has no whole block of %d",
              length,
              blocks.length()));
    }
    return from;
  }

  private static ModelCurve of(
      BlockDenoiser denoiser, int[] text, CurveNodes nodes, int example, int batch, long seed) {
    int length = text.length;
    int[] blocks = whole(denoiser.blocks(), length);
    int size = denoiser.blocks().length();
    int[] at = nodes.at();
    ModelCurve curve = new ModelCurve(new double[at.length], new double[at.length]);
    for (int first = 0; first < at.length; first += batch) {
      int count = Math.min(batch, at.length - first);
      int[] tokens = new int[count * length];
      List<Integer> hidden = new ArrayList<>();
      for (int c = 0; c < count; c++) {
        System.arraycopy(text, 0, tokens, c * length, length);
        for (int from : blocks) {
          int[] order = KeyedRandom.permutation(size, seed, example, from, Purpose.REVEAL_ORDER);
          for (int k = at[first + c]; k < size; k++) {
            tokens[c * length + from + order[k]] = denoiser.mask().orElseThrow();
            hidden.add(c * length + from + order[k]);
          }
        }
      }
      int[] rows = hidden.stream().mapToInt(r -> r).sorted().toArray();
      int[] targets = Arrays.stream(rows).map(r -> text[r % length]).toArray();
      TokenBatch noisy = TokenBatch.of(length, tokens, new double[count]);
      try (TokenLaws laws = denoiser.predictGiven(text, noisy, Rows.of(rows))) {
        double[] logs = laws.logProbabilityOf(targets);
        double[] nats = laws.entropyNats();
        for (int r = 0; r < rows.length; r++) {
          int node = first + rows[r] / length;
          double weight = 1.0 / ((size - at[node]) * (double) blocks.length);
          curve.crossEntropy()[node] -= weight * logs[r];
          curve.entropy()[node] += weight * nats[r];
        }
      }
    }
    return curve;
  }
}
