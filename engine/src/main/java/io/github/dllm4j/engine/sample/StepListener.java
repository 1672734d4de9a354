package io.github.dllm4j.engine.sample;

/** Watches the sampler, and may stop it. Called on the sampler's thread. */
@FunctionalInterface
public interface StepListener {

  /** Watches nothing and never stops. */
  StepListener NONE = step -> true;

  /**
   * One task has made one step.
   *
   * @param step what happened
   * @return whether to go on; after false the network is not asked again, though tasks that shared
   *     the last call still report their step
   */
  boolean onStep(StepEvent step);
}
