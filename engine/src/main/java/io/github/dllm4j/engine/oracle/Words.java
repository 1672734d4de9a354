package io.github.dllm4j.engine.oracle;

import java.util.Arrays;
import java.util.Locale;

/** Partly hidden words, checks and normalisation that the exact laws share. */
final class Words {
  private Words() {}

  /** A word of which everything is hidden, [d]. */
  static int[] hidden(ExactLaw law) {
    int[] word = new int[law.length()];
    Arrays.fill(word, law.symbols());
    return word;
  }

  /** Checks a word and returns its laws, certain where revealed and all 0 where hidden, [d][S]. */
  static double[][] start(ExactLaw law, int[] word) {
    int symbols = law.symbols();
    if (word.length != law.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "word must have %d tokens, got %d", law.length(), word.length));
    }
    double[][] laws = new double[word.length][symbols];
    for (int i = 0; i < word.length; i++) {
      if (word[i] < 0 || word[i] > symbols) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "ids must be in [0, %d], got %d at position %d", symbols, word[i], i));
      }
      if (word[i] < symbols) {
        laws[i][word[i]] = 1;
      }
    }
    return laws;
  }

  /** Normalises every row; a row of zeros, an impossible context, becomes uniform. */
  static double[][] finish(double[][] laws) {
    for (double[] law : laws) {
      double sum = Arrays.stream(law).sum();
      for (int v = 0; v < law.length; v++) {
        law[v] = sum == 0 ? 1.0 / law.length : law[v] / sum;
      }
    }
    return laws;
  }

  /** base^exponent, refused above 2^24. */
  static int states(int base, int exponent, String what) {
    long count = 1;
    for (int i = 0; i < exponent; i++) {
      count *= base;
      if (count > 1 << 24) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "%s must be at most 2^24, got %d^%d", what, base, exponent));
      }
    }
    return (int) count;
  }

  static void checkLaw(String name, double[] law) {
    double sum = 0;
    for (double p : law) {
      if (!(p >= 0)) {
        throw new IllegalArgumentException(name + " must be at least 0, got " + p);
      }
      sum += p;
    }
    if (Math.abs(sum - 1) > 1e-9) {
      throw new IllegalArgumentException(name + " must sum to 1, got " + sum);
    }
  }

  static void checkLaws(String name, double[][] laws, int rows, int columns) {
    if (laws.length != rows) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must have %d rows, got %d", name, rows, laws.length));
    }
    for (double[] law : laws) {
      if (law.length != columns) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "%s must have rows of %d, got %d", name, columns, law.length));
      }
      checkLaw(name, law);
    }
  }

  static void atLeast(String name, int value, int minimum) {
    if (value < minimum) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be at least %d, got %d", name, minimum, value));
    }
  }

  static double[][] copy(double[][] matrix) {
    double[][] copy = new double[matrix.length][];
    Arrays.setAll(copy, r -> matrix[r].clone());
    return copy;
  }
}
