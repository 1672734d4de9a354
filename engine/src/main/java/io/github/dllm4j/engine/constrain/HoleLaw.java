package io.github.dllm4j.engine.constrain;

import java.util.Arrays;

/**
 * The law of one hole as constrained draws weigh its tokens. At a temperature T, cut to a nucleus N
 * (as {@link io.github.dllm4j.engine.denoise.TokenLaws#shaped} defines it),
 *
 * <pre>
 * w(v) = p(v)^(1/T) / (sum over u in N of p(u)^(1/T))      in N
 * w(v) = 1e-300 times the same                             outside of N
 * </pre>
 *
 * so that what is outside comes only where nothing else is accepted, and then by the model's law. A
 * token of probability below 1e-300, or 0, counts as one of 1e-300, which no T above 1 raises.
 * Weights are kept as logarithms or as a number times a power of two, so that nothing underflows at
 * any temperature; below 1e-9 that counts as 1e-9. At T = 1 without a nucleus they are the
 * probabilities themselves.
 */
sealed interface HoleLaw {
  /** The least that a probability counts as, and what weights outside of a nucleus are cut by. */
  double LEAST = 1e-300;

  /** ln w of a token, nats. */
  double log(int token);

  /** The power of two that is kept apart from the weights of a block. */
  long exponent(int[] tokens);

  /** w of a token without a power of two. */
  double weight(int token, long exponent);

  /**
   * The law of a hole.
   *
   * @param law of the network, [vocabulary]; shared, not copied
   * @param temperature above 0
   * @param topP in (0, 1]
   */
  static HoleLaw of(double[] law, double temperature, double topP) {
    return temperature == 1 && topP == 1
        ? new Plain(law)
        : Shaped.of(law, Math.max(temperature, 1e-9), topP);
  }

  /** The network's own. */
  record Plain(double[] law) implements HoleLaw {
    @Override
    public double log(int token) {
      return Math.log(weight(token, 0));
    }

    @Override
    public long exponent(int[] tokens) {
      return 0;
    }

    @Override
    public double weight(int token, long exponent) {
      return Math.max(law[token], LEAST);
    }
  }

  /** By the logarithms of the weights, nats, [vocabulary]. */
  record Shaped(double[] logs) implements HoleLaw {
    private static final double LN_2 = Math.log(2);

    private static Shaped of(double[] law, double temperature, double topP) {
      double largest = Arrays.stream(law).max().orElseThrow();
      double[] logs = new double[law.length];
      double[] tempered = temperature == 1 ? law.clone() : new double[law.length];
      for (int v = 0; v < law.length; v++) {
        boolean possible = law[v] > LEAST;
        double log = Math.log(Math.max(law[v], LEAST) / largest);
        logs[v] = possible ? log / temperature : log / Math.min(1, temperature);
        if (temperature != 1) {
          tempered[v] = possible ? Math.exp(logs[v]) : 0;
        }
      }
      if (temperature != 1) {
        double total = Arrays.stream(tempered).sum();
        Arrays.setAll(tempered, v -> tempered[v] / total);
      }
      boolean[] outside = outside(tempered, topP);
      double inside = 0;
      for (int v = 0; v < law.length; v++) {
        inside += outside[v] ? 0 : Math.exp(logs[v]);
      }
      for (int v = 0; v < law.length; v++) {
        logs[v] -= Math.log(inside) - (outside[v] ? Math.log(LEAST) : 0);
      }
      return new Shaped(logs);
    }

    /** Which tokens are not in the nucleus; the higher id among equals. */
    private static boolean[] outside(double[] law, double topP) {
      boolean[] outside = new boolean[law.length];
      if (topP == 1) {
        return outside;
      }
      double rest = (1 - topP) / (2 * law.length); // all tokens below are less than what is cut
      double[] sorted = Arrays.stream(law).filter(p -> p >= rest).sorted().toArray();
      double before = 0;
      int kept = 0;
      while (kept < sorted.length && before < topP) {
        before += sorted[sorted.length - ++kept];
      }
      if (before < topP) {
        return outside;
      }
      double last = sorted[sorted.length - kept];
      long equals = kept - Arrays.stream(sorted).filter(p -> p > last).count();
      for (int v = 0; v < law.length; v++) {
        outside[v] = law[v] < last || (law[v] == last && --equals < 0);
      }
      return outside;
    }

    @Override
    public double log(int token) {
      return logs[token];
    }

    @Override
    public long exponent(int[] tokens) {
      double most = Double.NEGATIVE_INFINITY;
      for (int token : tokens) {
        most = Math.max(most, logs[token]);
      }
      return (long) Math.floor(most / LN_2);
    }

    @Override
    public double weight(int token, long exponent) {
      return Math.exp(logs[token] - exponent * LN_2);
    }
  }
}
