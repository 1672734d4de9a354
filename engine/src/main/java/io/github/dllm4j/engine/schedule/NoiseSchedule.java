package io.github.dllm4j.engine.schedule;

/**
 * Total noise as a function of time t in [0, 1]; t = 0 is data, t = 1 is noise.
 *
 * <p>Users may add their own; {@code NoiseScheduleContractTest} says what must hold: sigma strictly
 * increases, its rate is its derivative, {@link #timeAtAlpha} inverts it.
 */
public interface NoiseSchedule {

  /** Default gap at t = 1 of the schedules that are linear or trigonometric in alpha. */
  double DEFAULT_EPSILON = 1e-3;

  /**
   * The noise at a time.
   *
   * @param t in [0, 1]
   * @return sigma and its derivative
   * @throws IllegalArgumentException if t is out of range
   */
  NoiseLevel at(double t);

  /**
   * The time at which a token is still clean with the given probability.
   *
   * @param alpha between alpha(1) and alpha(0)
   * @return t in [0, 1]
   * @throws IllegalArgumentException if the schedule never has this alpha
   */
  double timeAtAlpha(double alpha);

  /** {@link NoiseLevel#weight} at t, with the limits where sigma or its rate is not finite. */
  default double weight(double t) {
    return at(t).weight();
  }

  /**
   * alpha = 1 - (1 - epsilon) t; the weight is 1/t for every epsilon.
   *
   * @param epsilon alpha at t = 1, in [0, 1)
   */
  static NoiseSchedule logLinear(double epsilon) {
    return new LogLinearSchedule(epsilon);
  }

  /**
   * alpha = epsilon + (1 - epsilon) cos(pi t / 2); weight (pi/2) cot(pi t / 4).
   *
   * @param epsilon alpha at t = 1, in [0, 1)
   */
  static NoiseSchedule cosine(double epsilon) {
    return new CosineSchedule(epsilon);
  }

  /**
   * alpha = epsilon + (1 - epsilon) cos^2(pi t / 2); weight pi cot(pi t / 2).
   *
   * @param epsilon alpha at t = 1, in [0, 1)
   */
  static NoiseSchedule cosineSquared(double epsilon) {
    return new CosineSquaredSchedule(epsilon);
  }

  /**
   * sigma = minimum + (maximum - minimum) t.
   *
   * @param minimum total noise at t = 0, nats, at least 0
   * @param maximum total noise at t = 1, nats
   */
  static NoiseSchedule linear(double minimum, double maximum) {
    return new LinearSchedule(minimum, maximum);
  }

  /**
   * sigma = minimum^(1-t) maximum^t.
   *
   * @param minimum total noise at t = 0, nats, above 0
   * @param maximum total noise at t = 1, nats; below about 8 too much data is left for masking
   */
  static NoiseSchedule geometric(double minimum, double maximum) {
    return new GeometricSchedule(minimum, maximum);
  }

  /**
   * alpha = 1 - t^exponent; weight exponent/t.
   *
   * @param exponent above 0
   */
  static NoiseSchedule polynomial(double exponent) {
    return new PolynomialSchedule(exponent);
  }
}
