package io.github.dllm4j.engine.oracle;

/**
 * A hidden Markov chain: forward and backward messages in which a hidden token says nothing, scaled
 * to sum to 1 at every position. p(v | revealed) at i is in proportion to sum_k a_i(k) b_i(k)
 * B[k][v]. O(d K (K + S)).
 */
final class HiddenMarkov implements ExactLaw {
  private final int length;
  private final double[] initial;
  private final double[][] transition;
  private final double[][] emission;

  HiddenMarkov(int length, double[] initial, double[][] transition, double[][] emission) {
    Words.atLeast("length", length, 1);
    Words.atLeast("number of states", initial.length, 1);
    Words.checkLaw("initial", initial);
    Words.checkLaws("transition", transition, initial.length, initial.length);
    Words.checkLaws("emission", emission, initial.length, emission[0].length);
    this.length = length;
    this.initial = initial.clone();
    this.transition = Words.copy(transition);
    this.emission = Words.copy(emission);
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public int symbols() {
    return emission[0].length;
  }

  @Override
  public double[][] conditionals(int[] word) {
    double[][] laws = Words.start(this, word);
    int states = initial.length;
    double[][] forward = new double[length][states];
    double[][] backward = new double[length][states];
    forward[0] = initial.clone();
    for (int i = 1; i < length; i++) {
      for (int from = 0; from < states; from++) {
        double weight = forward[i - 1][from] * likelihood(from, word[i - 1]);
        for (int to = 0; to < states; to++) {
          forward[i][to] += weight * transition[from][to];
        }
      }
      scale(forward[i]);
    }
    java.util.Arrays.fill(backward[length - 1], 1);
    for (int i = length - 2; i >= 0; i--) {
      for (int to = 0; to < states; to++) {
        double weight = backward[i + 1][to] * likelihood(to, word[i + 1]);
        for (int from = 0; from < states; from++) {
          backward[i][from] += weight * transition[from][to];
        }
      }
      scale(backward[i]);
    }
    for (int i = 0; i < length; i++) {
      for (int k = 0; k < states && word[i] == symbols(); k++) {
        double weight = forward[i][k] * backward[i][k];
        for (int v = 0; v < symbols(); v++) {
          laws[i][v] += weight * emission[k][v];
        }
      }
    }
    return Words.finish(laws);
  }

  private double likelihood(int state, int token) {
    return token == symbols() ? 1 : emission[state][token];
  }

  /** Scales to sum 1; what is impossible stays 0. */
  private static void scale(double[] message) {
    double sum = java.util.Arrays.stream(message).sum();
    for (int k = 0; k < message.length && sum > 0; k++) {
      message[k] /= sum;
    }
  }
}
