package io.github.dllm4j.engine.sample;

/**
 * A canvas after a step that filled some of its holes; a plan that remasks may have emptied others.
 */
public final class StepEvent {
  private final int task;
  private final int step;
  private final int steps;
  private final int[] tokens;
  private final int[] filled;

  StepEvent(int task, int step, int steps, int[] tokens, int[] filled) {
    this.task = task;
    this.step = step;
    this.steps = steps;
    this.tokens = tokens;
    this.filled = filled;
  }

  /** Index of the task in the list that was given to the sampler. */
  public int task() {
    return task;
  }

  /** Index of the step in the task's plan. */
  public int step() {
    return step;
  }

  /** Number of steps of the task's plan. */
  public int steps() {
    return steps;
  }

  /** A copy of the ids after the step, MASK in the holes that are left, [length]. */
  public int[] tokens() {
    return tokens.clone();
  }

  /** A copy of the positions that the step filled, ascending. */
  public int[] filled() {
    return filled.clone();
  }
}
