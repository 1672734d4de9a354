package io.github.dllm4j.engine.sample;

/**
 * A plan that does not look at values: where before what. So the vocabulary head is evaluated for
 * the chosen rows only, and a step that fills nothing costs nothing.
 *
 * <p>{@link #chance} is the exact law of the choice; {@link #revealSteps} draws from it. Its error
 * is known exactly: {@link io.github.dllm4j.engine.info.SamplingCost}.
 */
public sealed interface ScheduledPlan extends RevealPlan permits SizePlan, ChancePlan {

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

  @Override
  default boolean heuristic() {
    return false;
  }
}
