package io.github.dllm4j.engine.oracle;

import java.util.stream.IntStream;

/**
 * Independent draws at some sites of a word: adds a product of rows to a table of words. The
 * product is the outer product of two halves, each built up site by site, so one word costs one
 * multiplication for each of its S^sites successors. Not safe for several threads.
 */
final class Spread {
  private final int symbols;
  private final int half; // sites of the first half
  private final int[] first; // index offset of each combination of tokens at its sites
  private final int[] second;
  private final double[] ofFirst;
  private final double[] ofSecond;

  /**
   * @param powers by how much the index of a word grows with the token at each site, [sites]
   * @param symbols S
   */
  Spread(int[] powers, int symbols) {
    this.symbols = symbols;
    half = powers.length / 2;
    first = offsets(powers, 0, half);
    second = offsets(powers, half, powers.length);
    ofFirst = new double[first.length];
    ofSecond = new double[second.length];
  }

  private int[] offsets(int[] powers, int from, int to) {
    int[] offsets = {0};
    for (int k = from; k < to; k++) {
      int[] before = offsets;
      int power = powers[k];
      offsets =
          IntStream.range(0, before.length * symbols)
              .map(c -> before[c / symbols] + c % symbols * power)
              .toArray();
    }
    return offsets;
  }

  /**
   * Adds to every successor its probability.
   *
   * @param rows laws of the new tokens, [sites][S]
   * @param base index of the word with token 0 at every site
   * @param probability of the old word
   * @param next probabilities, [words]
   */
  void add(double[][] rows, int base, double probability, double[] next) {
    expand(rows, 0, half, probability, ofFirst);
    expand(rows, half, rows.length, 1, ofSecond);
    for (int a = 0; a < first.length; a++) {
      double p = ofFirst[a];
      int from = base + first[a];
      for (int b = 0; b < second.length && p > 0; b++) {
        next[from + second[b]] += p * ofSecond[b];
      }
    }
  }

  private void expand(double[][] rows, int from, int to, double start, double[] products) {
    products[0] = start;
    int count = 1;
    for (int k = from; k < to; k++) {
      // From the end, so that nothing is overwritten before it is read.
      for (int c = count - 1; c >= 0; c--) {
        double p = products[c];
        for (int v = 0; v < symbols; v++) {
          products[c * symbols + v] = p * rows[k][v];
        }
      }
      count *= symbols;
    }
  }
}
