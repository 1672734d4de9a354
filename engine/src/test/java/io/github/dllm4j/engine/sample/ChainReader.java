package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.oracle.ExactLaw;
import java.util.Arrays;

/** An exact law read from left to right. */
public record ChainReader(ExactLaw law) implements CausalModel {

  @Override
  public int vocabulary() {
    return law.symbols();
  }

  @Override
  public int length() {
    return law.length();
  }

  @Override
  public double[][] logProbabilities(int[][] sequences) {
    return Arrays.stream(sequences).map(this::logProbabilities).toArray(double[][]::new);
  }

  private double[] logProbabilities(int[] word) {
    double[] logs = new double[word.length];
    Arrays.setAll(logs, i -> Math.log(next(word, i)[word[i]]));
    return logs;
  }

  private double[] next(int[] word, int known) {
    int[] hidden = new int[length()];
    Arrays.fill(hidden, law.symbols());
    System.arraycopy(word, 0, hidden, 0, known);
    return law.conditionals(hidden)[known];
  }

  @Override
  public Reading read(int sequences) {
    int[][] known = new int[sequences][0];
    return more -> {
      for (int b = 0; b < sequences; b++) {
        int before = known[b].length;
        known[b] = Arrays.copyOf(known[b], before + more[b].length);
        System.arraycopy(more[b], 0, known[b], before, more[b].length);
      }
      TokenLaws laws =
          HeapLaws.of(
              Arrays.stream(known).map(word -> next(word, word.length)).toArray(double[][]::new));
      return laws;
    };
  }
}
