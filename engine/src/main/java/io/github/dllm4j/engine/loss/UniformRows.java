package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.NoisyBatch;
import java.util.Arrays;
import java.util.function.IntToDoubleFunction;

/**
 * What the losses of uniform noise need of leave-one-out laws, row by row: three numbers of each
 * law, and no vocabulary on the heap.
 *
 * @param copy noisy copy that the row is in, [rows]
 * @param same whether the noisy token is the clean one, [rows]
 * @param ofNoisy loo of the noisy token, [rows]
 * @param ofClean loo of the clean token, [rows]
 * @param logs sum_b ln(1 + odds loo_b), [rows]
 */
record UniformRows(int[] copy, boolean[] same, double[] ofNoisy, double[] ofClean, double[] logs) {

  /**
   * Asks the laws of the rows {@code from} to {@code to} of a batch.
   *
   * @param odds of a copy, at least 0
   */
  static UniformRows of(
      TokenLaws laws, NoisyBatch examples, int from, int to, IntToDoubleFunction odds) {
    int length = examples.noisy().length / examples.sigmas().length;
    int[] clean = Arrays.copyOfRange(examples.targets(), from, to);
    int[] rows = Arrays.copyOfRange(examples.rows(), from, to);
    int[] noisy = Arrays.stream(rows).map(cell -> examples.noisy()[cell]).toArray();
    int[] copy = Arrays.stream(rows).map(cell -> cell / length).toArray();
    boolean[] same = new boolean[clean.length];
    for (int r = 0; r < same.length; r++) {
      same[r] = clean[r] == noisy[r];
    }
    return new UniformRows(
        copy,
        same,
        laws.probabilityOf(noisy),
        laws.probabilityOf(clean),
        laws.sumLogOnePlus(Arrays.stream(copy).mapToDouble(odds).toArray()));
  }
}
