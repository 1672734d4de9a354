package io.github.dllm4j.engine.schedule;

/**
 * alpha(t) = 1 - (1 - epsilon) t, so sigma = -log1p(-(1 - epsilon) t): SEDD's log-linear noise and
 * MDLM's default. The slice alpha in [0, epsilon) never occurs.
 */
record LogLinearSchedule(double epsilon) implements NoiseSchedule {

  LogLinearSchedule {
    Alphas.checkEpsilon(epsilon);
  }

  @Override
  public NoiseLevel at(double t) {
    Alphas.checkTime(t);
    double alpha = 1 - t + epsilon * t;
    double masked = (1 - epsilon) * t;
    return new NoiseLevel(t, Alphas.sigma(alpha, masked), (1 - epsilon) / alpha);
  }

  @Override
  public double timeAtAlpha(double alpha) {
    Alphas.checkAlpha(alpha, epsilon, 1);
    return Alphas.clampTime((1 - alpha) / (1 - epsilon));
  }

  @Override
  public double weight(double t) {
    Alphas.checkTime(t);
    return 1 / t;
  }
}
