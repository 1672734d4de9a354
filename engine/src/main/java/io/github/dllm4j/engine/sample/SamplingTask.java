package io.github.dllm4j.engine.sample;

import java.util.Optional;

/**
 * One sample to make.
 *
 * @param canvas what to complete
 * @param plan when each hole is filled
 * @param seed the request's seed
 * @param sample index of the sample, at least 0; samples of one seed differ by it
 * @param temperature laws are raised to the power 1/temperature; above 0
 * @param topP mass of the nucleus that is drawn from, in (0, 1]; 1 is all
 * @param together draws all holes of a step together; empty: each by itself from its own law
 */
public record SamplingTask(
    Canvas canvas,
    RevealPlan plan,
    long seed,
    int sample,
    double temperature,
    double topP,
    Optional<JointDraw> together) {

  /** Checks the ranges, and that the plan leaves the drawing to others. */
  public SamplingTask {
    check(sample, temperature, topP);
    if (together.isPresent() && plan instanceof TrapezoidalPlan) {
      throw new IllegalArgumentException(
          "theta-trapezoidal draws from rates of single tokens: it cannot draw holes together");
    }
    if (together.isPresent() && plan instanceof BlockPlan) {
      throw new IllegalArgumentException(
          "holes cannot be drawn together block after block: later blocks have no laws yet");
    }
    if (together.isPresent() && plan instanceof AdaptivePlan own && own.cache().isPresent()) {
      throw new IllegalArgumentException(
          "holes cannot be drawn together with a cache, which knows those of one block only, got "
              + own);
    }
  }

  /** A sample whose holes are drawn each by itself. */
  public SamplingTask(
      Canvas canvas, RevealPlan plan, long seed, int sample, double temperature, double topP) {
    this(canvas, plan, seed, sample, temperature, topP, Optional.empty());
  }

  /** The same, with all holes of a step drawn together. */
  public SamplingTask withTogether(JointDraw draw) {
    return new SamplingTask(canvas, plan, seed, sample, temperature, topP, Optional.of(draw));
  }

  /** What every task's numbers must be, masked or not. */
  static void check(int sample, double temperature, double topP) {
    if (sample < 0) {
      throw new IllegalArgumentException("sample must be at least 0, got " + sample);
    }
    if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("temperature must be above 0, got " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("topP must be in (0, 1], got " + topP);
    }
  }

  /** A sample from the laws as they are. */
  public static SamplingTask of(Canvas canvas, RevealPlan plan, long seed, int sample) {
    return new SamplingTask(canvas, plan, seed, sample, 1, 1);
  }
}
