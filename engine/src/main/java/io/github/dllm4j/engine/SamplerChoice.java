package io.github.dllm4j.engine;

/**
 * Which sampler, by name: {@link PlanChoice} for masking models, {@link ReverseChoice} for uniform
 * ones.
 */
public sealed interface SamplerChoice permits PlanChoice, ReverseChoice {

  /** The sampler's name. */
  String sampler();

  /** What it works by: its plan, its sizes or its grid. */
  String schedule();

  /** Whether the number of steps is for the caller to choose. */
  boolean hasSteps();
}
