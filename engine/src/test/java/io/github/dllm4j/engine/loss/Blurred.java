package io.github.dllm4j.engine.loss;

import io.github.dllm4j.engine.oracle.ExactLaw;
import java.util.Arrays;

/**
 * The imperfect predictor of the golden group "training": phat(a | x_R) = (1 - lambda_j) p(a | x_R)
 * + lambda_j / S, j = |R|. Its laws do not fit together, so orders differ.
 */
public record Blurred(ExactLaw law, double... lambda) implements ExactLaw {
  @Override
  public int length() {
    return law.length();
  }

  @Override
  public int symbols() {
    return law.symbols();
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = law.conditionals(word);
    int revealed = (int) Arrays.stream(word).filter(v -> v < symbols()).count();
    for (int i = 0; i < word.length; i++) {
      for (int v = 0; v < symbols() && word[i] == symbols(); v++) {
        laws[i][v] = (1 - lambda[revealed]) * laws[i][v] + lambda[revealed] / symbols();
      }
    }
    return laws;
  }
}
