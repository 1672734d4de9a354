package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.sample.AbsorbingSampler;

/**
 * The exact law of what an {@link AbsorbingSampler} puts out, by enumeration of all pairs of tokens
 * and noise through the rows that it draws from. Cost per step up to S^(4 d); at most 2^12 pairs.
 */
public final class ExactAbsorbing {
  private static final int MOST_PAIRS = 1 << 12;

  private ExactAbsorbing() {}

  /**
   * The law of the words.
   *
   * @param sampler over S tokens and sequences of length d
   * @return probabilities, row-major, position 0 most significant, [S^d]
   */
  public static double[] outputLaw(AbsorbingSampler sampler) {
    int symbols = sampler.denoiser().vocabulary();
    int length = sampler.denoiser().length();
    int pairs = Words.states(symbols * symbols, length, "number of pairs");
    if (pairs > MOST_PAIRS) {
      throw new IllegalArgumentException(
          "number of pairs of tokens and noise must be at most 4096, got " + pairs);
    }
    double[] law = new double[pairs];
    for (int pair = 0; pair < pairs; pair++) {
      boolean start = true;
      for (int p : digits(pair, length, symbols * symbols)) {
        start &= p / symbols == p % symbols;
      }
      law[pair] = start ? Math.pow(symbols, -length) : 0;
    }
    for (int k = 0; k < sampler.grid().steps(); k++) {
      law = after(law, sampler, k);
    }
    double[] words = new double[Words.states(symbols, length, "number of words")];
    for (int pair = 0; pair < pairs; pair++) {
      int word = 0;
      for (int p : digits(pair, length, symbols * symbols)) {
        word = word * symbols + p / symbols;
      }
      words[word] += law[pair];
    }
    return words;
  }

  private static double[] after(double[] law, AbsorbingSampler sampler, int step) {
    int symbols = sampler.denoiser().vocabulary();
    int length = sampler.denoiser().length();
    double[] next = new double[law.length];
    for (int pair = 0; pair < law.length; pair++) {
      if (law[pair] > 0) {
        int[] tokens = digits(pair, length, symbols * symbols);
        int[] noise = tokens.clone();
        for (int i = 0; i < length; i++) {
          noise[i] = tokens[i] % symbols;
          tokens[i] /= symbols;
        }
        double[][] predicted =
            sampler.denoiser().predict(tokens, noise, sampler.grid().level(step));
        double[][] rows = new double[length][];
        for (int i = 0; i < length; i++) {
          rows[i] = sampler.row(predicted[i], tokens[i], noise[i], step);
        }
        spread(rows, 0, 0, law[pair], next);
      }
    }
    return next;
  }

  private static void spread(double[][] rows, int i, int prefix, double p, double[] next) {
    if (i == rows.length) {
      next[prefix] += p;
      return;
    }
    for (int v = 0; v < rows[i].length; v++) {
      if (rows[i][v] > 0) {
        spread(rows, i + 1, prefix * rows[i].length + v, p * rows[i][v], next);
      }
    }
  }

  private static int[] digits(int number, int count, int base) {
    int[] digits = new int[count];
    int rest = number;
    for (int i = count - 1; i >= 0; i--) {
      digits[i] = rest % base;
      rest /= base;
    }
    return digits;
  }
}
