package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.MaskCounts;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps leave nothing behind, neither handles on the root manager nor native memory. */
class NativeMemoryTest {
  private static final NetworkShape SHAPE = Tiny.shape(true, true);

  private static void predict(TransformerDenoiser denoiser, int seed) {
    TokenBatch batch = Tiny.batch(64, seed);
    double[] uniforms = new Random(seed).doubles(64 * Tiny.LENGTH).toArray();
    try (TokenLaws laws = denoiser.predict(batch, Rows.all(batch))) {
      laws.shaped(0.9, 0.9).draw(uniforms);
      laws.entropyNats();
    }
  }

  private static void train(Network network, TrainingLoss loss, Optimizer optimizer, int step) {
    int[] counts = MaskCounts.systematic(Tiny.LENGTH, 64, 1, step);
    int[][] blocks = new int[64][Tiny.LENGTH];
    try (NDManager m = network.manager().newSubManager()) {
      loss.backward(m, NoisyBatch.masked(blocks, counts, Tiny.MASK, 1, step, 0), false);
    }
    try (NDManager m = network.manager().newSubManager()) {
      optimizer.update(m, 1e-3, 0.1, 1, 0.9);
    }
  }

  /** Runs steps of both kinds; afterwards the root must hold what it held after the first. */
  private static void run(int steps, boolean measure) throws IOException {
    Network network = Tiny.network(SHAPE, Tiny.weights(SHAPE, 1));
    try (TransformerDenoiser denoiser =
        TransformerDenoiser.owning(
            Tiny.network(SHAPE, Tiny.weights(SHAPE, 1)),
            Precision.FP32,
            Tiny.MASK,
            Representation.DENOISER)) {
      network.learn();
      TrainingLoss loss =
          new TrainingLoss(network, Precision.FP32, Tiny.MASK, Objective.SCORE_ENTROPY, 0.1);
      Optimizer optimizer = new Optimizer(network, Update.ADAMW, Precision.FP32);
      int held = 0;
      double early = 0;
      for (int step = 0; step < steps; step++) {
        predict(denoiser, step);
        train(network, loss, optimizer, step);
        if (step == 0) {
          held = network.manager().getManagedArrays().size();
        }
        if (measure && step == steps / 4) {
          early = ChildProcess.status("VmRSS");
        }
      }
      assertEquals(held, network.manager().getManagedArrays().size());
      double growth = measure ? ChildProcess.status("VmRSS") - early : 0;
      assertTrue(
          growth < 12, String.format(Locale.ROOT, "resident memory grew by %.1f MiB", growth));
    } finally {
      network.close();
    }
  }

  @Test
  void theRootManagerHoldsTheSameArrays() throws IOException {
    run(10, false);
  }

  /** One leaked law per step would be 6000 times 18 KB, 105 MiB; one leaked batch 15 MiB. */
  @Test
  @Tag("slow")
  void nativeMemoryStaysFlat(@TempDir Path directory) throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc here");
    Path output = directory.resolve("output");
    int status = ChildProcess.start(NativeMemoryTest.class, output).waitFor();
    assertEquals(0, status, Files.readString(output));
  }

  /** The long run, where a growing Java heap cannot be taken for a leak. */
  public static void main(String[] arguments) throws IOException {
    run(8000, true);
  }
}
