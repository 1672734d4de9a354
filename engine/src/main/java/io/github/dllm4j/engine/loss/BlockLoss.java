package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.NoisyBatch;

/** How one block of text is noised, several times, and what a network loses on it. */
interface BlockLoss {

  /**
   * The noisy copies of a block. The sum over rows of weight * loss, plus {@link #constant}, is an
   * unbiased estimate of the bound, nats per token.
   *
   * @param block clean ids, [d]
   * @param index of the block; keys the noise together with the seed
   */
  NoisyBatch examples(int[] block, long seed, int index);

  /**
   * The losses of some of the rows, nats.
   *
   * @param laws of these rows
   * @param examples what {@link #examples} returned
   * @param from first row
   * @param to row after the last
   * @return [to - from]
   */
  double[] losses(TokenLaws laws, NoisyBatch examples, int from, int to);

  /** What does not depend on the network, nats per token. */
  double constant();
}
