package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.MaskCounts;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Arrays;
import java.util.Collections;

/**
 * K systematic mask counts n, each with a mask of exactly that size: the mean of (1 / n)
 * cross-entropy (spec "likelihood and perplexity"; MDLM's NELBO without its time integral).
 *
 * @param mask id of MASK
 * @param counts K
 */
record MaskedBlockLoss(int mask, int counts) implements BlockLoss {

  @Override
  public NoisyBatch examples(int[] block, long seed, int index) {
    int[][] copies = Collections.nCopies(counts, block).toArray(int[][]::new);
    int[] masked = MaskCounts.systematic(block.length, counts, seed, index);
    return NoisyBatch.masked(copies, masked, mask, seed, index, 0);
  }

  @Override
  public double[] losses(TokenLaws laws, NoisyBatch examples, int from, int to) {
    double[] nats = laws.logProbabilityOf(Arrays.copyOfRange(examples.targets(), from, to));
    Arrays.setAll(nats, r -> -nats[r]);
    return nats;
  }

  @Override
  public double constant() {
    return 0;
  }
}
