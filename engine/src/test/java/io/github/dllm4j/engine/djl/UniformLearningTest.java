package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** Uniform noise on the source of {@link LearningTest}: the bound comes near the entropy. */
class UniformLearningTest {
  @TempDir Path directory;

  /** Trains, and returns the bound over fresh blocks with all its terms. */
  private LikelihoodBound bound(TestReporter reporter, int steps, int width, int blocks)
      throws IOException {
    PyTorch.setThreads(1);
    int length = LearningTest.LENGTH;
    TrainingConfig config =
        new TrainingConfig(
            Objective.ELBO,
            0,
            steps,
            64,
            1,
            Update.ADAMW,
            3e-3,
            steps / 20,
            0.01,
            1,
            0,
            0.95,
            steps,
            1);
    NetworkShape shape =
        new NetworkShape(LearningTest.SYMBOLS, width, width / 32, 2, length, 32, false);
    TrainingRun run =
        new TrainingRun(
            directory, shape, -1, config, Precision.FP32, WeightType.FP32, "cpu", 50, "", "", "");
    TokenData fresh = LearningTest.chain(blocks * length, 3);
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(LearningTest.chain(300_000, 2), fresh, new TrainingListener() {});
    }
    Path file = directory.resolve("model.safetensors");
    try (TransformerDenoiser model =
        TransformerDenoiser.owning(
            Network.read(PyTorch.newManager("cpu"), shape, file, ""),
            Precision.FP32,
            -1,
            Representation.LEAVE_ONE_OUT)) {
      LikelihoodBound bound =
          LikelihoodBound.estimate(model, Trainer.blocks(fresh, length, blocks), 16, 68, 1);
      reporter.publishEntry(
          "learning a Markov chain under uniform noise",
          String.format(
              Locale.ROOT,
              "%d steps: bound - H/d %.5f +- %.5f nats per token",
              steps,
              bound.natsPerToken() - entropy(),
              bound.standardError()));
      return bound;
    }
  }

  private static double entropy() {
    return LearningTest.law().curve().orElseThrow().entropy() / LearningTest.LENGTH;
  }

  /** The bound is above the entropy, and near enough to it that both sides are used. */
  @Test
  void learnsBothSidesOfTheContext(TestReporter reporter) throws IOException {
    LikelihoodBound bound = bound(reporter, 1200, 64, 2000);
    double excess = bound.natsPerToken() - entropy();
    assertTrue(excess > -4 * bound.standardError(), "bound below the entropy: " + excess);
    double most = LearningTest.lossOfOneSide() / 2;
    assertTrue(excess + 4 * bound.standardError() < most, excess + " against " + most);
  }

  /** Nine tenths of what the second side is worth. */
  @Test
  @Tag("slow")
  void comesNearTheEntropy(TestReporter reporter) throws IOException {
    LikelihoodBound bound = bound(reporter, 8000, 128, 4000);
    double excess = bound.natsPerToken() - entropy();
    assertTrue(excess > -4 * bound.standardError(), "bound below the entropy: " + excess);
    double most = LearningTest.lossOfOneSide() / 10;
    assertTrue(excess + 4 * bound.standardError() < most, excess + " against " + most);
  }
}
