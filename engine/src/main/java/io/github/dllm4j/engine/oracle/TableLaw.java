package io.github.dllm4j.engine.oracle;

import java.util.Arrays;
import java.util.Locale;

/** Any law, word by word. Conditionals cost O(d S^hidden). */
final class TableLaw implements ExactLaw {
  private final int length;
  private final int symbols;
  private final double[] probabilities;

  TableLaw(int length, int symbols, double[] probabilities) {
    Words.atLeast("length", length, 1);
    Words.atLeast("symbols", symbols, 1);
    int words = Words.states(symbols, length, "number of words");
    if (probabilities.length != words) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "probabilities must have %d^%d = %d entries, got %d",
              symbols,
              length,
              words,
              probabilities.length));
    }
    Words.checkLaw("probabilities", probabilities);
    this.length = length;
    this.symbols = symbols;
    this.probabilities = probabilities.clone();
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int symbols() {
    return symbols;
  }

  @Override
  public double[] table() {
    return probabilities.clone();
  }

  @Override
  public double logProbability(int[] word) {
    int index = 0;
    for (int token : word) {
      index = index * symbols + token;
    }
    return Math.log(probabilities[index]);
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    int[] full = word.clone();
    for (double[] law : laws) {
      Arrays.fill(law, 0);
    }
    add(word, full, 0, 0, laws);
    for (int i = 0; i < length; i++) {
      if (word[i] < symbols) {
        Arrays.fill(laws[i], 0);
        laws[i][word[i]] = 1;
      }
    }
    return Words.finish(laws);
  }

  /** Adds the probability of every completion to the laws of its tokens. */
  private void add(int[] word, int[] full, int position, int index, double[][] laws) {
    if (position == length) {
      double p = probabilities[index];
      for (int i = 0; i < length && p > 0; i++) {
        laws[i][full[i]] += p;
      }
      return;
    }
    boolean hidden = word[position] == symbols;
    for (int v = hidden ? 0 : word[position]; v < symbols; v++) {
      full[position] = v;
      add(word, full, position + 1, index * symbols + v, laws);
      if (!hidden) {
        break;
      }
    }
  }
}
