package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.info.InformationCurve.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Collects the curves of single examples. Everything of interest is linear in the curve, so its
 * standard error comes from computing it per example (spec 8); errors of single values cannot be
 * combined, because the values of one example are correlated. Holds n d doubles. Not thread-safe.
 */
public final class CurveEstimator {
  private final int length;
  private final Source source;
  private final List<double[]> curves = new ArrayList<>();

  /**
   * An empty estimator.
   *
   * @param length number of tokens d, at least 1
   * @param source what the examples' curves hold
   */
  public CurveEstimator(int length, Source source) {
    if (length < 1) {
      throw new IllegalArgumentException("length must be at least 1, got " + length);
    }
    this.length = length;
    this.source = source;
  }

  /**
   * Adds one example.
   *
   * @param curve its mean loss per hidden token given j revealed ones, nats, [d]; copied
   */
  public void add(double[] curve) {
    if (curve.length != length) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "curve must have %d values, got %d", length, curve.length));
    }
    curves.add(curve.clone());
  }

  /** Number of examples so far. */
  public int examples() {
    return curves.size();
  }

  /** The mean curve with the standard error of each value; at least two examples are needed. */
  public InformationCurve curve() {
    if (curves.size() < 2) {
      throw new IllegalStateException(
          "a standard error needs at least two examples, got " + curves.size());
    }
    double[] means = new double[length];
    double[] errors = new double[length];
    for (int j = 0; j < length; j++) {
      int at = j;
      Estimate estimate = estimate(curve -> curve[at]);
      means[j] = estimate.mean();
      errors[j] = estimate.standardError();
    }
    return InformationCurve.estimated(means, errors, source, curves.size());
  }

  /**
   * A functional of the curve with its standard error.
   *
   * @param functional linear in the curve, nats, [d]
   * @return its mean over the examples
   */
  public Estimate estimate(ToDoubleFunction<double[]> functional) {
    return Estimate.of(curves.stream().mapToDouble(functional).toArray());
  }
}
