package io.github.dllm4j.engine.schedule;

import java.util.Locale;

/** sigma(t) = minimum + (maximum - minimum) t. */
record LinearSchedule(double minimum, double maximum) implements NoiseSchedule {

  LinearSchedule {
    if (!(minimum >= 0 && minimum < maximum && maximum < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "linear noise needs 0 <= minimum < maximum < infinity, got minimum %s, maximum %s",
              minimum,
              maximum));
    }
  }

  @Override
  public NoiseLevel at(double t) {
    Alphas.checkTime(t);
    return new NoiseLevel(t, minimum + (maximum - minimum) * t, maximum - minimum);
  }

  @Override
  public double timeAtAlpha(double alpha) {
    Alphas.checkAlpha(alpha, Math.exp(-maximum), Math.exp(-minimum));
    return Alphas.clampTime((Alphas.sigma(alpha, 1 - alpha) - minimum) / (maximum - minimum));
  }
}
