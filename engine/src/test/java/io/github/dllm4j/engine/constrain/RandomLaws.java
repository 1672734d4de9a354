package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.OptionalInt;

/**
 * A denoiser whose laws are random functions of the whole sequence: sharp, and with a share of
 * impossible tokens, so that a constraint often meets what the model calls impossible.
 *
 * @param vocabulary MASK included, the last id
 * @param impossible share of tokens of probability 0
 */
record RandomLaws(int vocabulary, double impossible) implements Denoiser {

  @Override
  public OptionalInt mask() {
    return OptionalInt.of(vocabulary - 1);
  }

  @Override
  public Representation representation() {
    return Representation.DENOISER;
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    int[] tokens = batch.toArray();
    double[][] laws = new double[rows.size()][];
    for (int r = 0; r < laws.length; r++) {
      int sequence = rows.index(r) / batch.length();
      int from = sequence * batch.length();
      int seed = Arrays.hashCode(Arrays.copyOfRange(tokens, from, from + batch.length()));
      laws[r] = law(seed, rows.index(r) - from);
    }
    return HeapLaws.of(laws);
  }

  private double[] law(int seed, int position) {
    double[] law = new double[vocabulary];
    double total = 0;
    for (int v = 0; v < vocabulary - 1; v++) {
      double uniform = KeyedRandom.uniform(seed, v, position, 0, Purpose.OTHER);
      boolean none = KeyedRandom.uniform(seed, v, position, 1, Purpose.OTHER) < impossible;
      law[v] = none && v > 0 ? 0 : Math.pow(uniform, 6) + 1e-9;
      total += law[v];
    }
    for (int v = 0; v < vocabulary; v++) {
      law[v] /= total;
    }
    return law;
  }
}
