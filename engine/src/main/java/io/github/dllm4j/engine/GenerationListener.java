package io.github.dllm4j.engine;

/** Watches a generation, and may stop it. Called on the generating thread. */
@FunctionalInterface
public interface GenerationListener {

  /** Watches nothing and never stops. */
  GenerationListener NONE = step -> true;

  /**
   * A sample after one of its steps.
   *
   * @param sample index
   * @param step index in its plan, from 0
   * @param steps of its plan
   * @param canvas decoded text, with a hole shown as {@link #HOLE}
   * @param settled how what is generated behind the prompt, or in the first holes, begins for sure:
   *     it only grows from step to step and is how the result's completion begins. Empty to the end
   *     where a sampler may change any token until its last step
   */
  record Step(int sample, int step, int steps, String canvas, String settled) {}

  /** What stands for a token that is not there yet. */
  String HOLE = "\u2591";

  /**
   * A sample has made a step.
   *
   * @return whether to go on; false ends the generation with what is there
   */
  boolean onStep(Step step);
}
