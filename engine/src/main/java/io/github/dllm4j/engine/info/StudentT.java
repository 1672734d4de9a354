package io.github.dllm4j.engine.info;

/**
 * Quantiles of Student's t for whole degrees of freedom n, by bisection of the probability between
 * -t and t, a finite sum in theta = arctan(t / sqrt n) (Abramowitz and Stegun 26.7.3, 26.7.4):
 *
 * <pre>
 * n odd   (2/pi) (theta + sin theta (cos theta + 2/3 cos^3 theta + .. up to cos^(n-2) theta))
 * n even  sin theta (1 + 1/2 cos^2 theta + 1 3/(2 4) cos^4 theta + .. up to cos^(n-2) theta)
 * </pre>
 *
 * <p>Cost O(n); n above {@value #MOST} counts as that many, which changes a quantile by less than
 * 2e-3 of itself at any level up to 0.999.
 */
final class StudentT {
  private static final int MOST = 2000;

  private StudentT() {}

  /** The t with so much probability between -t and t; infinite without degrees of freedom. */
  static double quantile(double level, int freedom) {
    if (!(level > 0 && level < 1)) {
      throw new IllegalArgumentException("level must be in (0, 1), got " + level);
    }
    if (freedom < 1) {
      return Double.POSITIVE_INFINITY;
    }
    int n = Math.min(MOST, freedom);
    double low = 0;
    double high = Math.PI / 2; // of theta
    for (int i = 0; i < 60; i++) {
      double middle = (low + high) / 2;
      if (between(middle, n) < level) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return Math.sqrt(n) * Math.tan(low);
  }

  /** The t that is as likely to be passed as this many standard deviations of a Gaussian. */
  static double inPlaceOfGaussian(double width, int freedom) {
    double level = between(Math.atan(width / Math.sqrt(MOST)), MOST);
    return level > 0 && level < 1 ? quantile(level, freedom) : width;
  }

  private static double between(double theta, int n) {
    double square = Math.cos(theta) * Math.cos(theta);
    boolean odd = n % 2 == 1;
    double term = odd ? Math.cos(theta) : 1;
    double sum = 0;
    for (int power = odd ? 1 : 0; power <= n - 2; power += 2) {
      sum += term;
      term *= square * (power + 1) / (power + 2);
    }
    return odd ? 2 / Math.PI * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
  }
}
