package io.github.dllm4j.engine.djl;

import java.util.Optional;

/**
 * How a model is run.
 *
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param precision of the matrix products; if absent float32, or bfloat16 for weights stored as
 *     such on a machine that is fast at it
 */
public record ModelOptions(String device, Optional<Precision> precision) {
  /** The best device here, the model's own precision. */
  public static final ModelOptions DEFAULT = new ModelOptions("auto", Optional.empty());
}
