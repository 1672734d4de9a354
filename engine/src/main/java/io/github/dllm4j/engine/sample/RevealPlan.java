package io.github.dllm4j.engine.sample;

/**
 * When each hole of a canvas is filled. With a normalised predictor, every masked sampler whose
 * choices do not look at values is such a plan (spec 5.2).
 *
 * <p>A plan decides <em>where</em> from the seed alone, before the network is asked <em>what</em>,
 * so the vocabulary head is evaluated for the chosen rows only and a step that fills nothing costs
 * nothing. {@link #chance} is the exact law of that decision; {@link #revealSteps} draws from it.
 */
public sealed interface RevealPlan permits SizePlan, ChancePlan {

  /** Number of steps N, the empty ones included. */
  int steps();

  /**
   * Draws the step at which each hole is filled.
   *
   * @param canvas what to complete
   * @param seed the request's seed
   * @param sample index of the sample
   * @return step indices in [0, steps), in the order of the canvas's holes, [holes]
   * @throws IllegalArgumentException if the plan is for another number of holes
   */
  int[] revealSteps(Canvas canvas, long seed, int sample);

  /**
   * The noise level that a network with time input is told at each step.
   *
   * @param canvas what to complete
   * @param seed the request's seed
   * @param sample index of the sample
   * @return total noise, nats, descending, infinity where everything is masked, [steps]
   */
  double[] sigmas(Canvas canvas, long seed, int sample);

  /**
   * The probability that a step fills exactly one given set of the holes that are left.
   *
   * @param step index of the step
   * @param chosen size of the set
   * @param masked number of holes left before the step
   * @return the probability of that one set
   */
  double chance(int step, int chosen, int masked);

  /**
   * Expected number of network evaluations, which is the number of non-empty steps.
   *
   * @param holes number of holes of the canvas
   */
  double expectedEvaluations(int holes);
}
