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
  public NoisyBatch examples(Passage passage, long seed, int index) {
    int[][] copies = Collections.nCopies(counts, passage.scoredTokens()).toArray(int[][]::new);
    int[] masked = MaskCounts.systematic(passage.scored(), counts, seed, index);
    // As the sampler does, the network is told the share of the whole passage that is masked.
    double[] told = new double[counts];
    Arrays.setAll(told, k -> -Math.log1p(-masked[k] / (double) passage.tokens().length));
    return NoisyBatch.masked(copies, masked, mask, seed, index, 0)
        .after(passage.givenTokens(), told);
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
