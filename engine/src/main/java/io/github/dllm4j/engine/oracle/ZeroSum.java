package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Arrays;
import java.util.Optional;

/**
 * Uniform on the words that sum to 0 mod q: everything is uniform until one token is left, which is
 * forced. h(j) = ln q for j below d-1, h(d-1) = 0.
 */
record ZeroSum(int length, int q) implements ExactLaw {

  ZeroSum {
    Words.atLeast("length", length, 1);
    Words.atLeast("q", q, 2);
  }

  @Override
  public int symbols() {
    return q;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    int hidden = 0;
    int sum = 0;
    for (int token : word) {
      hidden += token == q ? 1 : 0;
      sum += token == q ? 0 : token;
    }
    for (int i = 0; i < length; i++) {
      if (word[i] == q && hidden == 1) {
        laws[i][Math.floorMod(-sum, q)] = 1;
      }
    }
    return Words.finish(laws);
  }

  @Override
  public Optional<InformationCurve> curve() {
    double[] curve = new double[length];
    Arrays.fill(curve, 0, length - 1, Math.log(q));
    return Optional.of(InformationCurve.exact(curve));
  }
}
