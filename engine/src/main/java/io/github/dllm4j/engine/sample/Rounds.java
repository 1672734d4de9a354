package io.github.dllm4j.engine.sample;

import java.util.List;
import java.util.function.BooleanSupplier;

/** A sampler whose runs go on together. For one thread at a time, unless two move no run both. */
@FunctionalInterface
public interface Rounds {
  /**
   * Moves every unfinished run by one step, or by one network call of its own; of a run of many
   * samples as many at a time as fit in one call, so that it does not hold up the others. What
   * fails ends the runs that it concerns ({@link SamplingRun#samples} then throws it).
   *
   * @param runs started by this sampler
   */
  void round(List<SamplingRun> runs);

  /**
   * Runs step after step, rounds among them, until one says that it was the last, on the thread
   * that is best for it: {@link io.github.dllm4j.engine.denoise.Denoiser#repeat}.
   *
   * @param step whether there is another; it must not wait for another thread
   */
  default void repeat(BooleanSupplier step) {
    while (step.getAsBoolean()) {}
  }

  /**
   * The same, but on the calling thread if somebody is to hear of the steps there, or if they are
   * work that would keep others from the network.
   */
  default void repeat(BooleanSupplier step, boolean here) {
    if (here) {
      while (step.getAsBoolean()) {}
    } else {
      repeat(step);
    }
  }
}
