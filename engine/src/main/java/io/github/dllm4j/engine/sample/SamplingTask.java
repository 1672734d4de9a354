package io.github.dllm4j.engine.sample;

/**
 * One sample to make.
 *
 * @param canvas what to complete
 * @param plan when each hole is filled
 * @param seed the request's seed
 * @param sample index of the sample, at least 0; samples of one seed differ by it
 * @param temperature laws are raised to the power 1/temperature; above 0
 * @param topP mass of the nucleus that is drawn from, in (0, 1]; 1 is all
 */
public record SamplingTask(
    Canvas canvas, RevealPlan plan, long seed, int sample, double temperature, double topP) {

  /** Checks the ranges. */
  public SamplingTask {
    check(sample, temperature, topP);
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
