package io.github.dllm4j.engine.schedule;

import java.util.Locale;

/**
 * sigma(t) = minimum^(1-t) maximum^t, SEDD's geometric noise. Its public default (1e-3, 1) ends at
 * alpha = 0.37 and is not usable for masking: maximum should be at least 8. The slice alpha above
 * exp(-minimum) never occurs, which leaves a reconstruction term in a bound.
 */
record GeometricSchedule(double minimum, double maximum) implements NoiseSchedule {

  GeometricSchedule {
    if (!(minimum > 0 && minimum < maximum && maximum < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "geometric noise needs 0 < minimum < maximum < infinity, got minimum %s, maximum %s",
              minimum,
              maximum));
    }
  }

  @Override
  public NoiseLevel at(double t) {
    Alphas.checkTime(t);
    double sigma = Math.pow(minimum, 1 - t) * Math.pow(maximum, t);
    return new NoiseLevel(t, sigma, sigma * Math.log(maximum / minimum));
  }

  @Override
  public double timeAtAlpha(double alpha) {
    Alphas.checkAlpha(alpha, Math.exp(-maximum), Math.exp(-minimum));
    double sigma = Alphas.sigma(alpha, 1 - alpha);
    return Alphas.clampTime(Math.log(sigma / minimum) / Math.log(maximum / minimum));
  }
}
