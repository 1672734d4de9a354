package io.github.dllm4j.engine.sample;

/** What a {@link ReverseSampler} does: moves down a grid, or jumps at random times. */
public sealed interface ReverseCourse permits ReversePlan, Uniformization {}
