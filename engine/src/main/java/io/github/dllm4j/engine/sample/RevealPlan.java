package io.github.dllm4j.engine.sample;

/**
 * When each hole of a canvas is filled; the whole difference between masked samplers (spec 5.2).
 *
 * <p>A {@link ScheduledPlan} decides <em>where</em> from the seed alone, before the network is
 * asked <em>what</em>; an {@link AdaptivePlan} looks at the network's answers first. Three more do
 * what these cannot say: a {@link CorrectedPlan} redraws filled holes, a {@link RemaskPlan} empties
 * some, and the places of a {@link TrapezoidalPlan} depend on the laws of two canvases. A {@link
 * BlockPlan} puts plans one after the other.
 */
public sealed interface RevealPlan
    permits ScheduledPlan, AdaptivePlan, CorrectedPlan, RemaskPlan, TrapezoidalPlan, BlockPlan {

  /**
   * Number of steps, the empty ones included; for a plan that decides as it goes, the most there
   * can be.
   *
   * @param holes number of holes of the canvas
   * @throws IllegalArgumentException if the plan is for another number of holes
   */
  int steps(int holes);

  /**
   * Whether no bound on the error is known for an exact predictor; then nothing may be promised
   * beside its results.
   */
  boolean heuristic();

  /** Whether a filled hole keeps its token to the end. */
  default boolean keeps() {
    return !(this instanceof CorrectedPlan || this instanceof RemaskPlan);
  }
}
