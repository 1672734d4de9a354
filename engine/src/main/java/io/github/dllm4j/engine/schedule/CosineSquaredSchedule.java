package io.github.dllm4j.engine.schedule;

/**
 * alpha(t) = epsilon + (1 - epsilon) cos^2(pi t / 2). 1 - alpha is (1 - epsilon) sin^2(pi t / 2).
 */
record CosineSquaredSchedule(double epsilon) implements NoiseSchedule {

  CosineSquaredSchedule {
    Alphas.checkEpsilon(epsilon);
  }

  @Override
  public NoiseLevel at(double t) {
    Alphas.checkTime(t);
    double sine = Math.sin(Math.PI / 2 * t);
    double cosine = Math.sin(Math.PI / 2 * (1 - t));
    double alpha = epsilon + (1 - epsilon) * cosine * cosine;
    double masked = (1 - epsilon) * sine * sine;
    double rate =
        alpha == 0 ? Double.POSITIVE_INFINITY : (1 - epsilon) * Math.PI * sine * cosine / alpha;
    return new NoiseLevel(t, Alphas.sigma(alpha, masked), rate);
  }

  @Override
  public double timeAtAlpha(double alpha) {
    Alphas.checkAlpha(alpha, epsilon, 1);
    double sine = Math.sqrt(Math.max(0, (1 - alpha) / (1 - epsilon)));
    double cosine = Math.sqrt(Math.max(0, (alpha - epsilon) / (1 - epsilon)));
    return Alphas.clampTime(2 / Math.PI * Math.atan2(sine, cosine));
  }

  @Override
  public double weight(double t) {
    Alphas.checkTime(t);
    return t == 1 ? 0 : Math.PI / Math.tan(Math.PI / 2 * t);
  }
}
