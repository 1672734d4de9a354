package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Optional;

/** Whatever can be had of a small law by going through all its words. */
final class Enumeration {
  private static final int LARGEST = 1 << 24;

  private Enumeration() {}

  /** All probabilities by the chain rule, one call of the conditionals per prefix, [S^d]. */
  static double[] table(ExactLaw law) {
    double[] table = new double[Words.states(law.symbols(), law.length(), "number of words")];
    fill(law, Words.hidden(law), 0, 0, 1, table);
    return table;
  }

  private static void fill(
      ExactLaw law, int[] prefix, int position, int index, double probability, double[] table) {
    if (position == prefix.length) {
      table[index] = probability;
      return;
    }
    double[] next = law.conditionals(prefix)[position];
    for (int v = 0; v < next.length; v++) {
      if (next[v] > 0) {
        prefix[position] = v;
        fill(law, prefix, position + 1, index * next.length + v, probability * next[v], table);
      }
    }
    prefix[position] = next.length;
  }

  /**
   * The information curve from the mean entropies E(j) of j tokens: h(j) = E(j+1) - E(j). Cost O(d
   * (S+1)^d): the marginals of all partly hidden words are summed one position at a time.
   */
  static Optional<InformationCurve> curve(ExactLaw law) {
    int d = law.length();
    int base = law.symbols() + 1;
    if (Math.pow(base, d) > LARGEST) {
      return Optional.empty();
    }
    double[] marginals = marginals(law.table(), d, law.symbols());
    double[] entropy = new double[d + 1]; // summed over the sets of j tokens
    for (int word = 0; word < marginals.length; word++) {
      double p = marginals[word];
      if (p > 0) {
        entropy[revealed(word, d, base)] -= p * Math.log(p);
      }
    }
    double[] curve = new double[d];
    double sets = 1; // d over j
    for (int j = 0; j < d; j++) {
      double more = sets * (d - j) / (j + 1);
      curve[j] = Math.max(0, entropy[j + 1] / more - entropy[j] / sets);
      sets = more;
    }
    return Optional.of(InformationCurve.exact(curve));
  }

  private static int revealed(int word, int d, int base) {
    int count = 0;
    int rest = word;
    for (int i = 0; i < d; i++) {
      count += rest % base < base - 1 ? 1 : 0;
      rest /= base;
    }
    return count;
  }

  /** The probability of the revealed part of every partly hidden word, [(S+1)^d]. */
  private static double[] marginals(double[] table, int d, int symbols) {
    double[] current = table;
    int right = 1; // (S+1)^(positions done), counted from the last position
    for (int done = 0; done < d; done++) {
      int left = current.length / (right * symbols);
      double[] next = new double[left * (symbols + 1) * right];
      for (int a = 0; a < left; a++) {
        for (int v = 0; v < symbols; v++) {
          for (int b = 0; b < right; b++) {
            double p = current[(a * symbols + v) * right + b];
            next[(a * (symbols + 1) + v) * right + b] = p;
            next[(a * (symbols + 1) + symbols) * right + b] += p;
          }
        }
      }
      current = next;
      right *= symbols + 1;
    }
    return current;
  }
}
