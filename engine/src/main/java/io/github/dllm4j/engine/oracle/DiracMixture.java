package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Finitely many words; conditionals are the posterior of the word, O(m d). For two words of weights
 * w and 1-w that differ in n of d tokens, h(j) = H(w) (n/d) (d-n over j) / (d-1 over j).
 */
final class DiracMixture implements ExactLaw {
  private final int[][] words;
  private final double[] weights;
  private final int symbols;

  DiracMixture(int[][] words, double[] weights, int symbols) {
    Words.atLeast("number of words", words.length, 1);
    Words.atLeast("length", words[0].length, 1);
    Words.checkLaw("weights", weights);
    if (weights.length != words.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "weights must have %d entries, got %d", words.length, weights.length));
    }
    this.words = new int[words.length][];
    for (int m = 0; m < words.length; m++) {
      for (int token : words[m]) {
        if (token < 0 || token >= symbols || words[m].length != words[0].length) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "words must have %d ids below %d, got %s",
                  words[0].length,
                  symbols,
                  Arrays.toString(words[m])));
        }
      }
      this.words[m] = words[m].clone();
    }
    this.weights = weights.clone();
    this.symbols = symbols;
  }

  @Override
  public int length() {
    return words[0].length;
  }

  @Override
  public int symbols() {
    return symbols;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    for (int m = 0; m < words.length; m++) {
      boolean fits = true;
      for (int i = 0; i < word.length; i++) {
        fits &= word[i] == symbols || word[i] == words[m][i];
      }
      for (int i = 0; i < word.length && fits; i++) {
        if (word[i] == symbols) {
          laws[i][words[m][i]] += weights[m];
        }
      }
    }
    return Words.finish(laws);
  }

  @Override
  public Optional<InformationCurve> curve() {
    if (words.length != 2) {
      return Enumeration.curve(this);
    }
    int d = length();
    int different = 0;
    for (int i = 0; i < d; i++) {
      different += words[0][i] == words[1][i] ? 0 : 1;
    }
    double[] curve = new double[d];
    for (int j = 0; j < d; j++) {
      curve[j] =
          Entropies.of(weights)
              * different
              / d
              * Entropies.binomialRatio(d - different, j, d - 1, j);
    }
    return Optional.of(InformationCurve.exact(curve));
  }
}
