package io.github.dllm4j.engine.schedule;

import java.util.Locale;

/** Checks and the accurate logarithm that the schedules share. */
final class Alphas {
  private Alphas() {}

  /** -ln(alpha) from alpha and 1 - alpha, each accurate where it is the small one. */
  static double sigma(double alpha, double oneMinusAlpha) {
    return alpha < 0.5 ? -Math.log(alpha) : -Math.log1p(-oneMinusAlpha);
  }

  static void checkTime(double t) {
    if (!(t >= 0 && t <= 1)) {
      throw new IllegalArgumentException("t must be in [0, 1], got " + t);
    }
  }

  static void checkEpsilon(double epsilon) {
    if (!(epsilon >= 0 && epsilon < 1)) {
      throw new IllegalArgumentException("epsilon must be in [0, 1), got " + epsilon);
    }
  }

  /** Refuses an alpha that the schedule never has; one rounding error is forgiven. */
  static void checkAlpha(double alpha, double atNoise, double atData) {
    if (!(alpha >= atNoise * (1 - 1e-14) && alpha <= atData * (1 + 1e-14))) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "alpha must be in [%s, %s], got %s", atNoise, atData, alpha));
    }
  }

  static double clampTime(double t) {
    return Math.max(0, Math.min(1, t));
  }
}
