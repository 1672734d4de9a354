package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.train.Update;
import java.util.List;
import java.util.Locale;

/**
 * What is measured.
 *
 * @param shape of the network
 * @param batch sequences of a forward pass, a training step and a sampling step
 * @param steps of a sampling run
 * @param repeats of every measurement, interleaved with what it is compared with
 * @param update the optimiser of training steps
 * @param precisions of the matrix products
 * @param device where
 * @param threads of one operation
 * @param seed of what is sampled
 */
public record BenchSettings(
    NetworkShape shape,
    int batch,
    int steps,
    int repeats,
    Update update,
    List<Precision> precisions,
    String device,
    int threads,
    long seed) {

  /** Checks the numbers. */
  public BenchSettings {
    require("--batch", batch, 1, 4096);
    require("--steps", steps, 1, shape.length());
    require("--repeats", repeats, 1, 1000);
    precisions = List.copyOf(precisions);
  }

  /**
   * Refuses a number out of range.
   *
   * @throws IllegalArgumentException with its name, itself and what is allowed
   */
  public static void require(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be %d to %d, got %d", name, low, high, value));
    }
  }

  /**
   * The same for another network and run.
   *
   * @param other the network's shape
   * @param otherBatch sequences
   * @param otherSteps of a sampling run, at most the shape's length
   */
  public BenchSettings with(NetworkShape other, int otherBatch, int otherSteps) {
    return new BenchSettings(
        other, otherBatch, otherSteps, repeats, update, precisions, device, threads, seed);
  }
}
