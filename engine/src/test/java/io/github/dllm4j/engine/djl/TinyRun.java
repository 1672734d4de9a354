package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.Update;
import java.nio.file.Path;
import java.util.Random;

/** Training runs that take milliseconds a step. */
final class TinyRun {
  private TinyRun() {}

  /**
   * Everything that takes part in a step is switched on: accumulation, clipping, decay, average.
   */
  static TrainingConfig config(int steps, double dropout, long seed) {
    return new TrainingConfig(
        Objective.ELBO, 0, steps, 4, 2, Update.ADAMW, 1e-2, 2, 0.1, 0.5, dropout, 0.9, 2, seed);
  }

  static TrainingRun run(Path directory, TrainingConfig config) {
    return run(directory, config, Tiny.shape(true, false));
  }

  static TrainingRun run(Path directory, TrainingConfig config, NetworkShape shape) {
    return new TrainingRun(
        directory,
        shape,
        Tiny.MASK,
        config,
        Precision.FP32,
        WeightType.FP32,
        "cpu",
        4,
        "tokenizer",
        "corpus",
        "a test");
  }

  /** Random tokens in which every second one repeats the one before. */
  static TokenData data(int size, long seed) {
    int[] tokens = new Random(seed).ints(size, 0, Tiny.MASK).toArray();
    for (int i = 1; i < size; i += 2) {
      tokens[i] = tokens[i - 1];
    }
    return TokenData.of(tokens);
  }
}
