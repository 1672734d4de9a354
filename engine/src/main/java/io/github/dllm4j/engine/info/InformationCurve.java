package io.github.dllm4j.engine.info;

import java.util.Arrays;
import java.util.Locale;

/**
 * h(j), the mean entropy in nats of a hidden token given j random revealed ones, j = 0..d-1: the
 * average of H(X_i | X_R) over all sets R of j positions and all i outside.
 *
 * <p>h does not increase (Han). With Delta_j = h(j) - h(j+1), every functional here is linear in it
 * (spec section 3): H = sum h(j), total correlation = sum (d-1-j) Delta_j, dual total correlation =
 * sum (j+1) Delta_j, effective total correlation = sum c_{d,j} Delta_j. Costs O(d), the last one
 * O(d) per quadrature node.
 */
public final class InformationCurve {

  /** Where the values come from, and so what they mean. */
  public enum Source {
    /** The entropies of a known law. */
    EXACT,
    /** E[-ln of the model's probability of the data]; at least the entropy curve. */
    MODEL_CROSS_ENTROPY,
    /** Mean entropy of the model's own laws on data; its bias has no sign. */
    MODEL_ENTROPY,
    /** Mean entropy of the model's own laws on its own samples: about the model, not about data. */
    MODEL_SAMPLES
  }

  /** Differences above this are rounding of a flat curve and count as 0, nats. */
  private static final double ROUNDING = -1e-12;

  private final double[] values;
  private final double[] standardErrors;
  private final Source source;
  private final int examples;

  private InformationCurve(double[] values, double[] standardErrors, Source source, int examples) {
    this.values = values;
    this.standardErrors = standardErrors;
    this.source = source;
    this.examples = examples;
  }

  /**
   * The curve of a known law.
   *
   * @param values h(j), nats, finite, at least 0 up to rounding, [d], d at least 1; copied
   * @return the curve
   */
  public static InformationCurve exact(double... values) {
    return new InformationCurve(checked(values), new double[values.length], Source.EXACT, 0);
  }

  /**
   * An estimated curve.
   *
   * @param values h(j), nats, [d]; copied
   * @param standardErrors standard error of each value, nats, [d]; copied
   * @param source what was averaged
   * @param examples over how many examples, at least 1
   * @return the curve
   */
  public static InformationCurve estimated(
      double[] values, double[] standardErrors, Source source, int examples) {
    if (standardErrors.length != values.length || examples < 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a curve of %d values needs as many standard errors and at least 1 example, got %d and %d",
              values.length,
              standardErrors.length,
              examples));
    }
    return new InformationCurve(checked(values), standardErrors.clone(), source, examples);
  }

  private static double[] checked(double[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("a curve needs at least one value, got 0");
    }
    for (int j = 0; j < values.length; j++) {
      if (!(values[j] >= ROUNDING && values[j] < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "h must be finite and at least 0, got %s at %d", values[j], j));
      }
    }
    return values.clone();
  }

  /** Number of tokens d. */
  public int length() {
    return values.length;
  }

  /** h(j), nats. */
  public double at(int j) {
    return values[j];
  }

  /** A copy of the values, nats, [d]. */
  public double[] values() {
    return values.clone();
  }

  /** A copy of the standard errors, nats, 0 for an exact curve, [d]. */
  public double[] standardErrors() {
    return standardErrors.clone();
  }

  /** Where the values come from. */
  public Source source() {
    return source;
  }

  /** Number of examples behind an estimate, 0 for an exact curve. */
  public int examples() {
    return examples;
  }

  /** Delta_j = h(j) - h(j+1), nats, j = 0..d-2; rounding below 0 counts as 0. */
  public double drop(int j) {
    double drop = values[j] - values[j + 1];
    return drop < 0 && drop >= ROUNDING ? 0 : drop;
  }

  /** Whether the curve never rises by more than rounding. */
  public boolean isNonIncreasing() {
    for (int j = 0; j < values.length - 1; j++) {
      if (drop(j) < 0) {
        return false;
      }
    }
    return true;
  }

  /** H(X) of the whole sequence, nats; for a cross-entropy curve the bound on it. */
  public double entropy() {
    return Arrays.stream(values).sum();
  }

  /** sum_i H(X_i) - H(X), nats. */
  public double totalCorrelation() {
    int d = values.length;
    double total = 0;
    for (int j = 0; j < d - 1; j++) {
      total += (d - 1 - j) * drop(j);
    }
    return total;
  }

  /** H(X) - sum_i H(X_i | all others), nats. */
  public double dualTotalCorrelation() {
    double total = 0;
    for (int j = 0; j < values.length - 1; j++) {
      total += (j + 1) * drop(j);
    }
    return total;
  }

  /** sum_i I(X_i; all others), nats; the sum of the two correlations. */
  public double sumOfMutualInformation() {
    return values.length * (values[0] - values[values.length - 1]);
  }

  /**
   * Integral of min(1, t) I(t) dt, nats: the quantity that decides the number of steps of the grid
   * of Theorem 12 (Dmitriev, Huang, Wei). At most each of the two correlations.
   */
  public double effectiveTotalCorrelation() {
    double[] coefficients = EffectiveCoefficients.of(values.length);
    double total = 0;
    for (int j = 0; j < coefficients.length; j++) {
      total += coefficients[j] * drop(j);
    }
    return total;
  }

  /**
   * I(t), the sum over ordered pairs of I(X_i; X_j | the unmasked rest) at total noise t, nats: p^2
   * d (d-1) E Delta_J with J binomial(d-2, p), p = e^-t. Its integral is the dual total
   * correlation.
   *
   * @param sigma total noise t, nats, at least 0
   */
  public double informationRate(double sigma) {
    int d = values.length;
    if (d < 2) {
      return 0;
    }
    double p = Math.exp(-sigma);
    double[] weights = Binomial.probabilities(d - 2, p);
    double mean = 0;
    for (int j = 0; j < weights.length; j++) {
      mean += weights[j] * drop(j);
    }
    return p * p * d * (d - 1) * mean;
  }

  /**
   * G(p), the sum over i of H(X_i | X_R), nats, where R holds each other position with probability
   * p: d E h(J), J binomial(d-1, p).
   *
   * @param p in [0, 1]
   */
  public double conditionalEntropySum(double p) {
    double[] weights = Binomial.probabilities(values.length - 1, p);
    double mean = 0;
    for (int j = 0; j < weights.length; j++) {
      mean += weights[j] * values[j];
    }
    return values.length * mean;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "InformationCurve[%s, examples=%d, %s]",
        source,
        examples,
        Arrays.toString(values));
  }
}
