package io.github.dllm4j.engine.djl;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a model is run.
 *
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param precision of the matrix products; float32 if absent
 * @param information whether information.json is read, which is about the model without a class and
 *     so is not read with one; without it the model plans as one that has none, and the file may be
 *     of another version
 * @param label class of a class-conditional network, from 0; if absent, the extra one that stood
 *     for "none" in training
 */
public record ModelOptions(
    String device, Optional<Precision> precision, boolean information, OptionalInt label) {
  /** The best device here, float32. */
  public static final ModelOptions DEFAULT = new ModelOptions("auto", Optional.empty());

  /** With information.json, without a class. */
  public ModelOptions(String device, Optional<Precision> precision) {
    this(device, precision, true, OptionalInt.empty());
  }
}
