package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.info.InformationCurve;
import java.util.Arrays;
import java.util.Optional;

/**
 * A Markov chain: a hidden one that emits its state. The curve is the gap formula (spec section
 * 12):
 *
 * <pre>
 * h(j) = (1/d) sum_i sum_{a,b} Pr[nearest revealed at i-a and i+b | j] H(X_i | X_{i-a}, X_{i+b})
 * </pre>
 *
 * <p>where either may be missing, and the probability is C(free, j - used) / C(d-1, j) with {@code
 * used} the revealed ends of the gap and {@code free} the positions beyond them. Entropies are
 * first summed by (used, free): O(d^3 S^3) once, then O(d^2).
 */
final class MarkovLaw implements ExactLaw {
  private final HiddenMarkov chain;
  private final double[][] marginals; // [d][S]
  private final double[][][] powers; // powers[n] = transition^n, [d][S][S]

  MarkovLaw(int length, double[] initial, double[][] transition) {
    int symbols = initial.length;
    double[][] identity = new double[symbols][symbols];
    for (int v = 0; v < symbols; v++) {
      identity[v][v] = 1;
    }
    chain = new HiddenMarkov(length, initial, transition, identity);
    powers = new double[length][][];
    powers[0] = identity;
    marginals = new double[length][];
    for (int n = 0; n < length; n++) {
      if (n > 0) {
        powers[n] = product(powers[n - 1], transition);
      }
      marginals[n] = product(new double[][] {initial}, powers[n])[0];
    }
  }

  static MarkovLaw potts(int length, int q, double coupling) {
    Words.atLeast("q", q, 2);
    double stay = coupling >= 0 ? 1 : Math.exp(coupling);
    double leave = coupling >= 0 ? Math.exp(-coupling) : 1;
    double sum = stay + (q - 1) * leave;
    double[][] transition = new double[q][q];
    for (int v = 0; v < q; v++) {
      Arrays.fill(transition[v], leave / sum);
      transition[v][v] = stay / sum;
    }
    double[] initial = new double[q];
    Arrays.fill(initial, 1.0 / q);
    return new MarkovLaw(length, initial, transition);
  }

  private static double[][] product(double[][] left, double[][] right) {
    double[][] product = new double[left.length][right[0].length];
    for (int r = 0; r < left.length; r++) {
      for (int k = 0; k < right.length; k++) {
        for (int c = 0; c < right[0].length; c++) {
          product[r][c] += left[r][k] * right[k][c];
        }
      }
    }
    return product;
  }

  @Override
  public int length() {
    return chain.length();
  }

  @Override
  public int symbols() {
    return chain.symbols();
  }

  @Override
  public double[][] conditionals(int[] word) {
    return chain.conditionals(word);
  }

  @Override
  public Optional<InformationCurve> curve() {
    int d = length();
    double[][] sums = new double[3][d]; // by used and free
    for (int i = 0; i < d; i++) {
      for (int left = -1; left < i; left++) {
        for (int right = i + 1; right <= d; right++) {
          int used = (left >= 0 ? 1 : 0) + (right < d ? 1 : 0);
          int free = Math.max(0, left) + Math.max(0, d - 1 - right);
          sums[used][free] += entropy(left, i, right);
        }
      }
    }
    double[] curve = new double[d];
    for (int j = 0; j < d; j++) {
      for (int used = 0; used <= 2; used++) {
        for (int free = 0; free < d; free++) {
          if (sums[used][free] > 0) {
            curve[j] += sums[used][free] / d * Entropies.binomialRatio(free, j - used, d - 1, j);
          }
        }
      }
    }
    return Optional.of(InformationCurve.exact(curve));
  }

  /** H(X_i | X_left, X_right), nats; left = -1 and right = d are not there. */
  private double entropy(int left, int i, int right) {
    int symbols = symbols();
    boolean ends = right < length();
    double entropy = 0;
    for (int u = 0; u < (left < 0 ? 1 : symbols); u++) {
      double[] before = left < 0 ? marginals[i] : powers[i - left][u];
      double weight = left < 0 ? 1 : marginals[left][u];
      for (int v = 0; v < (ends ? symbols : 1); v++) {
        double[] joint = new double[symbols];
        double sum = 0;
        for (int x = 0; x < symbols; x++) {
          joint[x] = before[x] * (ends ? powers[right - i][x][v] : 1);
          sum += joint[x];
        }
        entropy += weight * sum * Entropies.ofWeights(joint);
      }
    }
    return entropy;
  }
}
