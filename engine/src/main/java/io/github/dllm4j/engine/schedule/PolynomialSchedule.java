package io.github.dllm4j.engine.schedule;

/** alpha(t) = 1 - t^exponent; all noise, sigma = infinity, at t = 1. */
record PolynomialSchedule(double exponent) implements NoiseSchedule {

  PolynomialSchedule {
    if (!(exponent > 0 && exponent < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("exponent must be above 0, got " + exponent);
    }
  }

  @Override
  public NoiseLevel at(double t) {
    Alphas.checkTime(t);
    double masked = Math.pow(t, exponent);
    double alpha = t == 0 ? 1 : 0 - Math.expm1(exponent * Math.log(t)); // not -0 at t = 1
    double rate = exponent * Math.pow(t, exponent - 1) / alpha;
    return new NoiseLevel(t, Alphas.sigma(alpha, masked), rate);
  }

  @Override
  public double timeAtAlpha(double alpha) {
    Alphas.checkAlpha(alpha, 0, 1);
    return Alphas.clampTime(Math.pow(1 - alpha, 1 / exponent));
  }

  @Override
  public double weight(double t) {
    Alphas.checkTime(t);
    return exponent / t;
  }
}
