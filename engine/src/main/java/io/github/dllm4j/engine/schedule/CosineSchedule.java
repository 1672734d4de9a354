package io.github.dllm4j.engine.schedule;

/**
 * alpha(t) = epsilon + (1 - epsilon) cos(pi t / 2). 1 - alpha is computed as 2 (1 - epsilon)
 * sin^2(pi t / 4), which keeps its digits near the data.
 */
record CosineSchedule(double epsilon) implements NoiseSchedule {

  CosineSchedule {
    Alphas.checkEpsilon(epsilon);
  }

  @Override
  public NoiseLevel at(double t) {
    Alphas.checkTime(t);
    // cos(pi t / 2) as a sine, so that it is exactly 0 at t = 1.
    double alpha = epsilon + (1 - epsilon) * Math.sin(Math.PI / 2 * (1 - t));
    double quarter = Math.sin(Math.PI / 4 * t);
    double masked = 2 * (1 - epsilon) * quarter * quarter;
    double rate = (1 - epsilon) * Math.PI / 2 * Math.sin(Math.PI / 2 * t) / alpha;
    return new NoiseLevel(t, Alphas.sigma(alpha, masked), rate);
  }

  @Override
  public double timeAtAlpha(double alpha) {
    Alphas.checkAlpha(alpha, epsilon, 1);
    double quarter = Math.sqrt(Math.max(0, (1 - alpha) / (2 * (1 - epsilon))));
    return Alphas.clampTime(4 / Math.PI * Math.asin(Math.min(1, quarter)));
  }

  @Override
  public double weight(double t) {
    Alphas.checkTime(t);
    return Math.PI / 2 / Math.tan(Math.PI / 4 * t);
  }
}
