package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A training run in a process of its own, to be killed. */
final class TrainingProcess {
  static final int STEPS = 3000;

  private TrainingProcess() {}

  static TrainingRun run(Path directory) {
    return TinyRun.run(directory, TinyRun.config(STEPS, 0.1, 5));
  }

  /**
   * Trains, or goes on where the directory has a checkpoint.
   *
   * @param arguments the directory
   */
  public static void main(String[] arguments) throws IOException {
    PyTorch.setThreads(1);
    TrainingRun run = run(Path.of(arguments[0]));
    try (Trainer trainer = new Trainer(run, Files.exists(run.checkpointFile()))) {
      trainer.train(TinyRun.data(500, 1), TinyRun.data(60, 2), new TrainingListener() {});
    }
  }
}
