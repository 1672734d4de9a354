package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Optional;

/**
 * A fair bit, {@code copies} copies of it, then {@code parity} fair bits that sum to it mod 2. The
 * bit is known once a copy or all parity tokens are revealed. With a copies and b parity tokens
 *
 * <pre>
 * h(j) = (ln2/d) { a [C(b,j) - 1{j=b}] / C(d-1,j) + b [1 - 1{j>=b} C(a,j-b+1) / C(d-1,j)] }
 * </pre>
 */
record LatentParity(int copies, int parity) implements ExactLaw {

  LatentParity {
    Words.atLeast("copies", copies, 1);
    Words.atLeast("parity", parity, 1);
  }

  @Override
  public int length() {
    return copies + parity;
  }

  @Override
  public int symbols() {
    return 2;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    boolean[] bitPossible = {true, true};
    int hiddenParity = 0;
    int sum = 0;
    for (int i = 0; i < word.length; i++) {
      if (word[i] == 2) {
        hiddenParity += i >= copies ? 1 : 0;
      } else if (i < copies) {
        bitPossible[1 - word[i]] = false;
      } else {
        sum ^= word[i];
      }
    }
    if (hiddenParity == 0) {
      bitPossible[1 - sum] = false;
    }
    for (int bit = 0; bit < 2; bit++) {
      for (int i = 0; i < word.length && bitPossible[bit]; i++) {
        if (word[i] == 2 && i < copies) {
          laws[i][bit] += 1;
        } else if (word[i] == 2 && hiddenParity == 1) {
          laws[i][bit ^ sum] += 1;
        } else if (word[i] == 2) {
          laws[i][0] += 1;
          laws[i][1] += 1;
        }
      }
    }
    return Words.finish(laws);
  }

  @Override
  public Optional<InformationCurve> curve() {
    int d = length();
    double[] curve = new double[d];
    for (int j = 0; j < d; j++) {
      double copy = Entropies.binomialRatio(parity, j, d - 1, j);
      double allParity = j == parity ? Entropies.binomialRatio(parity, j, d - 1, j) : 0;
      double last = j >= parity ? Entropies.binomialRatio(copies, j - parity + 1, d - 1, j) : 0;
      curve[j] = Math.log(2) / d * (copies * (copy - allParity) + parity * (1 - last));
    }
    return Optional.of(InformationCurve.exact(curve));
  }
}
