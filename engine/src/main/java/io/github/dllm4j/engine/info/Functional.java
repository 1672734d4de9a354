package io.github.dllm4j.engine.info;

import java.util.Arrays;

/**
 * What is read off an information curve, each a sum of weights times its values (spec 3):
 *
 * <pre>
 * entropy                      sum h(j)
 * total correlation            sum (h(0) - h(j))
 * dual total correlation       sum (h(j) - h(d-1))
 * effective total correlation  sum c_{d,j} (h(j) - h(j+1))
 * sum of mutual informations   d (h(0) - h(d-1))
 * </pre>
 *
 * <p>A network's cross-entropy curve lies above the law's, so the first is biased upwards: a bound.
 * The others are differences; their bias has no sign.
 */
public enum Functional {
  /** H(X). */
  ENTROPY("entropy"),
  /** sum_i H(X_i) - H(X). */
  TOTAL_CORRELATION("total_correlation"),
  /** H(X) - sum_i H(X_i | all others). */
  DUAL_TOTAL_CORRELATION("dual_total_correlation"),
  /** Integral of min(1, t) I(t) dt. */
  EFFECTIVE_TOTAL_CORRELATION("effective_total_correlation"),
  /** sum_i I(X_i; all others). */
  MUTUAL_INFORMATION_SUM("mutual_information_sum");

  private final String label;

  Functional(String label) {
    this.label = label;
  }

  /** The name in files. */
  public String label() {
    return label;
  }

  /** Weights of the values of a curve, [length]. */
  public double[] weights(int length) {
    double[] weights = new double[length];
    int last = length - 1;
    switch (this) {
      case ENTROPY -> Arrays.fill(weights, 1);
      case TOTAL_CORRELATION -> {
        Arrays.fill(weights, -1);
        weights[0] += length;
      }
      case DUAL_TOTAL_CORRELATION -> {
        Arrays.fill(weights, 1);
        weights[last] -= length;
      }
      case EFFECTIVE_TOTAL_CORRELATION -> {
        double[] coefficients = EffectiveCoefficients.of(length);
        for (int j = 0; j < last; j++) {
          weights[j] += coefficients[j];
          weights[j + 1] -= coefficients[j];
        }
      }
      case MUTUAL_INFORMATION_SUM -> {
        weights[0] += length;
        weights[last] -= length;
      }
    }
    return weights;
  }

  /** The functional of a curve, nats; of an exact one without cancellation. */
  public double of(InformationCurve curve) {
    return switch (this) {
      case ENTROPY -> curve.entropy();
      case TOTAL_CORRELATION -> curve.totalCorrelation();
      case DUAL_TOTAL_CORRELATION -> curve.dualTotalCorrelation();
      case EFFECTIVE_TOTAL_CORRELATION -> curve.effectiveTotalCorrelation();
      case MUTUAL_INFORMATION_SUM -> curve.sumOfMutualInformation();
    };
  }
}
