package io.github.dllm4j.engine.djl;

import java.util.Optional;

/**
 * How a model is run.
 *
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param precision of the matrix products; float32 if absent
 */
public record ModelOptions(String device, Optional<Precision> precision) {
  /** The best device here, float32. */
  public static final ModelOptions DEFAULT = new ModelOptions("auto", Optional.empty());
}
