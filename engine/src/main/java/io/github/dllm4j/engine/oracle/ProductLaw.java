package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Arrays;
import java.util.Optional;

/** Independent tokens: the conditionals are the marginals and the curve is flat. */
final class ProductLaw implements ExactLaw {
  private final double[][] marginals;

  ProductLaw(double[][] marginals) {
    Words.atLeast("length", marginals.length, 1);
    Words.checkLaws("marginals", marginals, marginals.length, marginals[0].length);
    this.marginals = Words.copy(marginals);
  }

  @Override
  public int length() {
    return marginals.length;
  }

  @Override
  public int symbols() {
    return marginals[0].length;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    for (int i = 0; i < laws.length; i++) {
      if (word[i] == symbols()) {
        laws[i] = marginals[i].clone();
      }
    }
    return Words.finish(laws);
  }

  @Override
  public Optional<InformationCurve> curve() {
    double entropy = 0;
    for (double[] marginal : marginals) {
      entropy += Entropies.of(marginal);
    }
    double[] curve = new double[marginals.length];
    Arrays.fill(curve, entropy / marginals.length);
    return Optional.of(InformationCurve.exact(curve));
  }
}
