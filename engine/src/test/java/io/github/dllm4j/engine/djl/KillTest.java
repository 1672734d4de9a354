package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 in the middle of a run that writes a checkpoint every other step, so that most kills hit
 * a file being written. What is left loads and goes on to the same bits as a run that nobody
 * disturbed.
 */
class KillTest {
  @TempDir Path directory;

  private static int stepOf(Path checkpoint) throws IOException {
    return Files.exists(checkpoint) ? Checkpoint.readState(checkpoint).step() : 0;
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void aKilledRunGoesOnFromItsLastCheckpoint() throws Exception {
    goesOnAfter(1);
  }

  @Test
  @Tag("slow")
  void aRunKilledAgainAndAgainGoesOn() throws Exception {
    goesOnAfter(6);
  }

  private void goesOnAfter(int kills) throws Exception {
    Path killed = Files.createDirectories(directory.resolve("killed"));
    Path checkpoint = TrainingProcess.run(killed).checkpointFile();
    int last = 0;
    for (int kill = 0; kill < kills; kill++) {
      Process process =
          ChildProcess.start(TrainingProcess.class, killed.resolve("output"), killed.toString());
      while (stepOf(checkpoint) < last + 6) {
        assertTrue(process.isAlive(), Files.readString(killed.resolve("output")));
        Thread.sleep(3);
      }
      process.destroyForcibly().waitFor();
      assertFalse(process.isAlive());
      last = stepOf(checkpoint);
      assertTrue(last < TrainingProcess.STEPS, "killed at step " + last);
    }
    int end = last + 2;
    assertEquals(end, goOn(killed, true, end));
    Path whole = Files.createDirectories(directory.resolve("whole"));
    assertEquals(end, goOn(whole, false, end));
    TrainerTest.assertSameTensors(TrainingProcess.run(whole).checkpointFile(), checkpoint);
  }

  /** Trains until a step without being killed; returns the step of the checkpoint. */
  private static int goOn(Path directory, boolean resume, int step) throws IOException {
    TrainingRun run = TrainingProcess.run(directory);
    PyTorch.setThreads(1);
    try (Trainer trainer = new Trainer(run, resume)) {
      trainer.train(
          TinyRun.data(500, 1),
          TinyRun.data(60, 2),
          new TrainingListener() {
            private int done;

            @Override
            public void onStep(Progress progress) {
              done = progress.step();
            }

            @Override
            public boolean stopRequested() {
              return done >= step;
            }
          });
    }
    return Checkpoint.readState(run.checkpointFile()).step();
  }
}
