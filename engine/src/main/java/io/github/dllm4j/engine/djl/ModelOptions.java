package io.github.dllm4j.engine.djl;

import java.util.Optional;

/**
 * How a model is run.
 *
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param precision of the matrix products; float32 if absent
 * @param information whether information.json is read; without it the model plans as one that has
 *     none, and the file may be of another version
 */
public record ModelOptions(String device, Optional<Precision> precision, boolean information) {
  /** The best device here, float32. */
  public static final ModelOptions DEFAULT = new ModelOptions("auto", Optional.empty());

  /** With information.json. */
  public ModelOptions(String device, Optional<Precision> precision) {
    this(device, precision, true);
  }
}
