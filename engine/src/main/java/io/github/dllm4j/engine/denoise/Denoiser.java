package io.github.dllm4j.engine.denoise;

import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * Predicts clean tokens from noisy ones: the network, or an exact law in its place.
 *
 * <p>Contract, checked by {@code DenoiserContractTest}: every law sums to one; MASK has probability
 * zero; a sequence's laws do not depend on the other sequences of its batch (up to float rounding
 * for a network); the same input gives the same output. Implementations are safe to call from
 * several threads.
 */
public interface Denoiser extends AutoCloseable {

  /** Number of ids, MASK included where there is one; the width of every law. */
  int vocabulary();

  /** The id of MASK, or empty for a process that has none. */
  OptionalInt mask();

  /** What the laws of {@link #predict} condition on; DENOISER or LEAVE_ONE_OUT. */
  Representation representation();

  /**
   * One categorical law over the clean tokens for every requested row, in one network call.
   *
   * @param batch noisy sequences with their noise levels
   * @param rows which of their positions are wanted, at least one
   * @return the laws, in the order of the rows; the caller closes them
   * @throws IllegalArgumentException if an id, a row or the length is out of range
   */
  TokenLaws predict(TokenBatch batch, Rows rows);

  /**
   * Runs step after step until one says that it was the last. A network that runs on a thread of
   * its own makes them there, one waiting the less for every question, and lets others in between
   * them.
   *
   * @param step whether there is another; it must not wait for another thread
   */
  default void repeat(BooleanSupplier step) {
    while (step.getAsBoolean()) {}
  }

  /**
   * The noise level whose laws {@link #predict} says: where a network hears no more than some
   * level, that one.
   *
   * @param sigma total noise, nats, at least 0
   */
  default double heard(double sigma) {
    return sigma;
  }

  /** Releases what the denoiser holds; nothing by default. */
  @Override
  default void close() {}
}
