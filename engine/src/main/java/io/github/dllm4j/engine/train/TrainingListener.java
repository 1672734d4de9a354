package io.github.dllm4j.engine.train;

/** Watches a training run, and may end it. Called on the training thread. */
public interface TrainingListener {

  /**
   * After every optimiser step.
   *
   * @param step steps done, from 1
   * @param tokens tokens seen since the run began
   * @param seconds spent since the run began, earlier sessions included
   * @param loss of the step, nats per token
   * @param gradientNorm before clipping
   */
  record Progress(int step, long tokens, double seconds, double loss, double gradientNorm) {}

  /**
   * After every validation.
   *
   * @param step steps done
   * @param seconds spent since the run began
   * @param nats validation bound, nats per token
   * @param standardError of the bound, nats per token
   */
  record Validation(int step, double seconds, double nats, double standardError) {}

  /** A step is done. */
  default void onStep(Progress progress) {}

  /** A validation is done and its checkpoint written. */
  default void onValidation(Validation validation) {}

  /** Whether to write a checkpoint now and return. */
  default boolean stopRequested() {
    return false;
  }
}
