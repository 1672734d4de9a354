package io.github.dllm4j.engine.sample;

/**
 * One sample to make by a {@link ReverseSampler}.
 *
 * @param canvas which tokens are fixed; what the holes hold does not matter
 * @param course what the sampler does
 * @param seed the request's seed
 * @param sample index of the sample, at least 0; samples of one seed differ by it
 * @param temperature leave-one-out laws are raised to the power 1/temperature; above 0
 * @param topP mass of their nucleus that is kept, in (0, 1]; 1 is all
 */
public record ReverseTask(
    Canvas canvas, ReverseCourse course, long seed, int sample, double temperature, double topP) {

  /** Checks the ranges. */
  public ReverseTask {
    SamplingTask.check(sample, temperature, topP);
  }

  /** A sample from the laws as they are. */
  public static ReverseTask of(Canvas canvas, ReverseCourse course, long seed, int sample) {
    return new ReverseTask(canvas, course, seed, sample, 1, 1);
  }
}
