package io.github.dllm4j.engine.denoise;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Categorical laws on the heap, in double: what exact laws answer with, and the reference for laws
 * that live on a device. Cost of every method O(rows * vocabulary); {@link #shaped} with topP below
 * 1 sorts each row.
 */
public final class HeapLaws implements TokenLaws {
  /** Probabilities, [rows][vocabulary]. */
  private final double[][] laws;

  private final int vocabulary;

  private HeapLaws(double[][] laws, int vocabulary) {
    this.laws = laws;
    this.vocabulary = vocabulary;
  }

  /**
   * Laws from probabilities.
   *
   * @param laws [rows][vocabulary], at least one row, not negative, each row summing to 1 within
   *     1e-9; shared, not copied
   * @return the laws
   * @throws IllegalArgumentException if a row is no law or the rows differ in length
   */
  public static HeapLaws of(double[][] laws) {
    if (laws.length == 0) {
      throw new IllegalArgumentException("laws must have at least one row, got 0");
    }
    int vocabulary = laws[0].length;
    for (int r = 0; r < laws.length; r++) {
      double total = 0;
      for (double p : laws[r]) {
        if (!(p >= 0)) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT, "probabilities must be at least 0, got %s in row %d", p, r));
        }
        total += p;
      }
      if (laws[r].length != vocabulary || Math.abs(total - 1) > 1e-9) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "row %d must have %d probabilities summing to 1, got %d summing to %s",
                r,
                vocabulary,
                laws[r].length,
                total));
      }
    }
    return new HeapLaws(laws, vocabulary);
  }

  @Override
  public int rows() {
    return laws.length;
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public HeapLaws shaped(double temperature, double topP) {
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature must be above 0, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP must be in (0, 1], got " + topP);
    }
    double[][] shaped = new double[laws.length][];
    for (int r = 0; r < laws.length; r++) {
      shaped[r] = temperature == 1 ? laws[r].clone() : tempered(laws[r], temperature);
      if (topP < 1) {
        cutToNucleus(shaped[r], topP);
      }
    }
    return new HeapLaws(shaped, vocabulary);
  }

  /** p^(1/temperature), normalised; relative to the largest so that nothing overflows. */
  private static double[] tempered(double[] law, double temperature) {
    double largest = Arrays.stream(law).max().orElseThrow();
    double[] powers = new double[law.length];
    for (int v = 0; v < law.length; v++) {
      powers[v] = law[v] == 0 ? 0 : Math.exp(Math.log(law[v] / largest) / temperature);
    }
    normalise(powers);
    return powers;
  }

  /** Keeps the most probable tokens until their mass reaches topP; the lower id among equals. */
  private static void cutToNucleus(double[] law, double topP) {
    Integer[] order = new Integer[law.length];
    Arrays.setAll(order, v -> v);
    Arrays.sort(order, (a, b) -> Double.compare(law[b], law[a]));
    double before = 0;
    for (Integer v : order) {
      double p = law[v];
      if (before >= topP) {
        law[v] = 0;
      }
      before += p;
    }
    normalise(law);
  }

  private static void normalise(double[] weights) {
    double total = Arrays.stream(weights).sum();
    for (int v = 0; v < weights.length; v++) {
      weights[v] /= total;
    }
  }

  @Override
  public double[] probabilityOf(int[] tokens) {
    checkRows("tokens", tokens.length);
    double[] result = new double[laws.length];
    Arrays.setAll(result, r -> laws[r][tokens[r]]);
    return result;
  }

  @Override
  public double[] logProbabilityOf(int[] tokens) {
    double[] result = probabilityOf(tokens);
    Arrays.setAll(result, r -> Math.log(result[r]));
    return result;
  }

  @Override
  public int[] draw(double[] uniforms) {
    checkRows("uniforms", uniforms.length);
    int[] drawn = new int[laws.length];
    Arrays.setAll(drawn, r -> draw(laws[r], uniforms[r]));
    return drawn;
  }

  /**
   * One id by inverse CDF, never one of probability 0. The comparison is with u times the sum, so
   * that rounding cannot run past the last token.
   *
   * @param law probabilities, [vocabulary]
   * @param uniform in [0, 1)
   * @throws IllegalArgumentException if the law has no finite sum above 0
   */
  public static int draw(double[] law, double uniform) {
    double sum = Arrays.stream(law).sum();
    if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a law must have a finite sum above 0 to draw from, got %s over %d tokens",
              sum,
              law.length));
    }
    double threshold = uniform * sum;
    double cumulative = 0;
    int last = -1;
    for (int v = 0; v < law.length; v++) {
      if (law[v] > 0) {
        last = v;
        cumulative += law[v];
        if (cumulative > threshold) {
          break;
        }
      }
    }
    return last;
  }

  @Override
  public int[] argmax() {
    int[] result = new int[laws.length];
    for (int r = 0; r < laws.length; r++) {
      for (int v = 1; v < vocabulary; v++) {
        if (laws[r][v] > laws[r][result[r]]) {
          result[r] = v;
        }
      }
    }
    return result;
  }

  @Override
  public double[] maxProbability() {
    return probabilityOf(argmax());
  }

  @Override
  public double[] margin() {
    double[] margins = new double[laws.length];
    for (int r = 0; r < margins.length; r++) {
      double first = 0;
      double second = 0;
      for (double p : laws[r]) {
        second = Math.max(second, Math.min(first, p));
        first = Math.max(first, p);
      }
      margins[r] = first - second;
    }
    return margins;
  }

  @Override
  public double[] entropyNats() {
    double[] result = new double[laws.length];
    for (int r = 0; r < laws.length; r++) {
      for (double p : laws[r]) {
        result[r] -= p == 0 ? 0 : p * Math.log(p);
      }
    }
    return result;
  }

  @Override
  public double[] sumLogOnePlus(double[] factors) {
    checkRows("factors", factors.length);
    double[] sums = new double[laws.length];
    for (int r = 0; r < sums.length; r++) {
      for (double p : laws[r]) {
        sums[r] += Math.log1p(factors[r] * p);
      }
    }
    return sums;
  }

  @Override
  public double[][] toArray() {
    double[][] copy = new double[laws.length][];
    Arrays.setAll(copy, r -> laws[r].clone());
    return copy;
  }

  @Override
  public double[][] toArray(int from, int to) {
    return IntStream.range(from, to).mapToObj(r -> laws[r].clone()).toArray(double[][]::new);
  }

  private void checkRows(String name, int length) {
    if (length != laws.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must have one entry for each of %d rows, got %d",
              name,
              laws.length,
              length));
    }
  }
}
