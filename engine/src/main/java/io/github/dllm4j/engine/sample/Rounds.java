package io.github.dllm4j.engine.sample;

import java.util.List;

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
}
