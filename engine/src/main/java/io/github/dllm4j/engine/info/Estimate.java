package io.github.dllm4j.engine.info;

import java.util.Locale;

/**
 * A mean with its uncertainty.
 *
 * @param mean the mean
 * @param standardError standard deviation of the mean, in the unit of the mean; NaN for one example
 * @param count number of examples
 */
public record Estimate(double mean, double standardError, int count) {

  /** Mean and standard error of values, at least one. */
  public static Estimate of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("an estimate needs at least one value, got 0");
    }
    double mean = 0;
    double squares = 0; // Welford's update
    for (int n = 0; n < values.length; n++) {
      double delta = values[n] - mean;
      mean += delta / (n + 1);
      squares += delta * (values[n] - mean);
    }
    double n = values.length;
    return new Estimate(mean, Math.sqrt(squares / (n - 1) / n), values.length);
  }

  /**
   * How far an interval reaches on either side of the mean: the quantile of Student's t with count
   * - 1 degrees of freedom times the standard error. It holds for normal values, and for others as
   * far as their mean is normal; 0 of an exact value.
   *
   * @param level probability that the interval holds the true mean, in (0, 1)
   */
  public double halfWidth(double level) {
    return count == 0 ? 0 : StudentT.quantile(level, count - 1) * standardError;
  }

  /** {@link #text(double, double, int)} of this. */
  public String text(int digits) {
    return text(mean, standardError, digits);
  }

  /**
   * A mean and what is known of its error: {@code 1.25 +- 0.03}, {@code 1.25 +- ?} where one
   * example says nothing of it, {@code 1.25} where it is 0.
   *
   * @param digits behind the point
   */
  public static String text(double mean, double standardError, int digits) {
    String number = "%." + digits + "f";
    String text = String.format(Locale.ROOT, number, mean);
    if (standardError == 0) {
      return text;
    }
    return text
        + " +- "
        + (Double.isNaN(standardError) ? "?" : String.format(Locale.ROOT, number, standardError));
  }
}
