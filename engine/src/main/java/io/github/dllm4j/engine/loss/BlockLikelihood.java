package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.train.MaskCounts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The likelihood under a model that writes block after block, each block b behind the clean ones:
 *
 * <pre>
 * -ln p(x) = sum_b -ln p(x_b | x_before b)
 * NELBO       each term by E over n uniform on 1..d_b of (d_b / n) CE_M, |M| = n, M in the block
 * chain rule  each term along one random order of the block's tokens
 * </pre>
 *
 * <p>with d_b scored tokens in a block, as {@link Nelbo} and {@link ChainRule} of the block alone;
 * exact for blocks of one token. Source: Arriola et al. 2025, eq. 6 and 8; their estimate has one
 * Bernoulli mask per block, ours K counts, which has less variance and the same mean. All blocks
 * are noised at once ({@link BlockDenoiser#predictGiven}), so the cost is that of K noisy passages,
 * or of as many as a block has tokens, and a clean one.
 */
final class BlockLikelihood implements LikelihoodEstimator {
  private final BlockDenoiser denoiser;
  private final int counts; // 0 for the chain rule
  private final int batch;
  private final long seed;

  /** A noisy version of a passage, and what is asked of it. */
  private record Copy(int[] tokens, List<Integer> rows, double[] weights) {
    Copy(int[] clean) {
      this(clean.clone(), new ArrayList<>(), new double[clean.length]);
    }
  }

  private BlockLikelihood(BlockDenoiser denoiser, int counts, int batch, long seed) {
    if (batch < 1) {
      throw new IllegalArgumentException("batch must be at least 1, got " + batch);
    }
    this.denoiser = denoiser;
    this.counts = counts;
    this.batch = batch;
    this.seed = seed;
  }

  static BlockLikelihood nelbo(BlockDenoiser denoiser, int counts, int batch, long seed) {
    if (counts < 1) {
      throw new IllegalArgumentException("counts must be at least 1, got " + counts);
    }
    return new BlockLikelihood(denoiser, counts, batch, seed);
  }

  static BlockLikelihood chainRule(BlockDenoiser denoiser, int batch, long seed) {
    return new BlockLikelihood(denoiser, 0, batch, seed);
  }

  @Override
  public double nats(Passage passage, int index) {
    int[] clean = passage.tokens();
    List<Copy> copies = copies(passage, index);
    double nats = 0;
    for (int from = 0; from < copies.size(); from += batch) {
      List<Copy> some = copies.subList(from, Math.min(copies.size(), from + batch));
      int[] tokens = some.stream().flatMapToInt(copy -> Arrays.stream(copy.tokens)).toArray();
      int[] rows =
          IntStream.range(0, some.size())
              .flatMap(c -> some.get(c).rows.stream().mapToInt(r -> c * clean.length + r).sorted())
              .toArray();
      int[] targets = Arrays.stream(rows).map(r -> clean[r % clean.length]).toArray();
      // Such a network is not told the level.
      TokenBatch noisy = TokenBatch.of(clean.length, tokens, new double[some.size()]);
      try (TokenLaws laws = denoiser.predictGiven(clean, noisy, Rows.of(rows))) {
        double[] logs = laws.logProbabilityOf(targets);
        for (int r = 0; r < rows.length; r++) {
          nats -= some.get(rows[r] / clean.length).weights[rows[r] % clean.length] * logs[r];
        }
      }
    }
    return nats;
  }

  /** All noisy versions, each with some tokens of every block masked. */
  private List<Copy> copies(Passage passage, int index) {
    Blocks blocks = denoiser.blocks();
    int length = passage.tokens().length;
    List<Copy> copies = new ArrayList<>();
    for (int block = blocks.of(passage.given()); block <= blocks.of(length - 1); block++) {
      int from = Math.max(passage.given(), blocks.from(block));
      int d = blocks.to(block, length) - from;
      // One token can be masked in one way only.
      int needed = counts == 0 ? d : d == 1 && blocks.length() == 1 ? 1 : counts;
      while (copies.size() < needed) {
        copies.add(new Copy(passage.tokens()));
      }
      long own = KeyedRandom.seed(seed, Purpose.BLOCK, block);
      if (counts == 0) {
        alongAnOrder(copies, from, d, own, index);
      } else {
        byCounts(copies.subList(0, needed), from, d, own, index);
      }
    }
    return copies;
  }

  private void byCounts(List<Copy> copies, int from, int d, long own, int index) {
    int[] masked = MaskCounts.systematic(d, copies.size(), own, index);
    for (int k = 0; k < copies.size(); k++) {
      for (int i : KeyedRandom.choose(d, masked[k], own, k, index, Purpose.MASK_SET)) {
        mask(copies.get(k), from + i);
        ask(copies.get(k), from + i, d / ((double) masked[k] * copies.size()));
      }
    }
  }

  private void alongAnOrder(List<Copy> copies, int from, int d, long own, int index) {
    int[] order = KeyedRandom.permutation(d, own, index, 1, Purpose.REVEAL_ORDER);
    for (int known = 0; known < d; known++) {
      for (int k = known; k < d; k++) {
        mask(copies.get(known), from + order[k]);
      }
      ask(copies.get(known), from + order[known], 1);
    }
  }

  private void mask(Copy copy, int position) {
    copy.tokens[position] = denoiser.mask().orElseThrow();
  }

  private static void ask(Copy copy, int position, double weight) {
    copy.rows.add(position);
    copy.weights[position] = weight;
  }

  @Override
  public Claim claim() {
    return denoiser.blocks().length() == 1
        ? Claim.EXACT
        : counts == 0 ? Claim.EXACT_ALONG_AN_ORDER : Claim.BOUND;
  }

  @Override
  public String description() {
    int length = denoiser.blocks().length();
    if (length == 1) {
      return "left to right in blocks of one token, exact";
    }
    return counts == 0
        ? String.format(
            Locale.ROOT, "chain rule along one random order in each block of %d tokens", length)
        : String.format(
            Locale.ROOT,
            "NELBO by %d systematic mask counts in each block of %d tokens",
            counts,
            length);
  }
}
