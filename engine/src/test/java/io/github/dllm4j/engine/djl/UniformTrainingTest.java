package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.loss.UniformScoreEntropy;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoiseTimes;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.Refusal;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training for uniform noise: production losses against plain double, and whole runs. */
class UniformTrainingTest {
  private static final NetworkShape SHAPE = Tiny.shape(true, false);
  private static final int SYMBOLS = SHAPE.vocabulary();

  @TempDir Path directory;

  private static NoisyBatch batch(long seed) {
    Random random = new Random(seed);
    int[][] blocks = new int[4][];
    Arrays.setAll(blocks, b -> random.ints(Tiny.LENGTH, 0, SYMBOLS).toArray());
    NoiseLevel[] levels = new NoiseLevel[4];
    Arrays.setAll(levels, b -> NoiseTimes.SCHEDULE.at(NoiseTimes.at((b + 0.3) / 4)));
    double[] weights = Arrays.stream(levels).mapToDouble(NoiseTimes::weight).toArray();
    return NoisyBatch.uniform(blocks, levels, weights, SYMBOLS, seed, 0, 0);
  }

  /** Sum over all positions of weight * loss, in double. */
  private static double reference(ReferenceTransformer network, NoisyBatch batch, boolean entropy) {
    double loss = 0;
    for (int r = 0; r < batch.rows().length; r++) {
      int b = r / Tiny.LENGTH;
      double sigma = batch.sigmas()[b];
      int[] tokens = Arrays.copyOfRange(batch.noisy(), b * Tiny.LENGTH, (b + 1) * Tiny.LENGTH);
      double[] logits = network.logits(tokens, sigma)[r % Tiny.LENGTH];
      double top = Arrays.stream(logits).max().orElseThrow();
      double total = Arrays.stream(logits).map(v -> Math.exp(v - top)).sum();
      double[] p = Arrays.stream(logits).map(v -> Math.exp(v - top) / total).toArray();
      int x = batch.noisy()[r];
      int x0 = batch.targets()[r];
      double kappa = UniformScoreEntropy.odds(SYMBOLS, sigma);
      double logs = Arrays.stream(p).map(v -> Math.log1p(kappa * v)).sum();
      loss +=
          batch.weights()[r]
              * (entropy
                  ? UniformScoreEntropy.loss(SYMBOLS, p[x], p[x0], logs, x == x0, sigma)
                  : -Math.log(p[x0]));
    }
    return loss;
  }

  private static double backward(Network network, NoisyBatch batch, Objective objective) {
    network.learn();
    try (NDManager m = network.manager().newSubManager()) {
      return new TrainingLoss(network, Precision.FP32, -1, objective, 0).backward(m, batch, false);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Objective.class,
      names = {"ELBO", "SCORE_ENTROPY", "CROSS_ENTROPY"})
  void lossesAgreeWithTheReference(Objective objective) {
    ReferenceTransformer reference = new ReferenceTransformer(SHAPE, Tiny.weights(SHAPE, 2));
    try (Network network = Tiny.network(SHAPE, Tiny.weights(SHAPE, 2))) {
      for (int seed = 0; seed < 5; seed++) {
        boolean entropy = objective != Objective.CROSS_ENTROPY;
        double expected = reference(reference, batch(seed), entropy);
        assertEquals(expected, backward(network, batch(seed), objective), 2e-5 * expected);
      }
    }
  }

  /** Two weights of every tensor: central differences of the double reference. */
  @Test
  void gradientsAreThoseOfTheReference() {
    ReferenceTransformer reference = new ReferenceTransformer(SHAPE, Tiny.weights(SHAPE, 2));
    NoisyBatch batch = batch(3);
    Random random = new Random(5);
    try (Network network = Tiny.network(SHAPE, Tiny.weights(SHAPE, 2))) {
      backward(network, batch, Objective.ELBO);
      List<Architecture.Tensor> tensors = SHAPE.tensors();
      for (int t = 0; t < tensors.size(); t++) {
        try (NDArray array = network.weights().get(t).getGradient()) {
          float[] gradient = array.toFloatArray();
          double[] weights = reference.tensor(tensors.get(t).name());
          for (int n = 0; n < 2; n++) {
            int i = random.nextInt(weights.length);
            double old = weights[i];
            weights[i] = old + 1e-4;
            double up = reference(reference, batch, true);
            weights[i] = old - 1e-4;
            double difference = (up - reference(reference, batch, true)) / 2e-4;
            weights[i] = old;
            double allowed = 1e-3 * Math.abs(difference) + 1e-4;
            assertEquals(difference, gradient[i], allowed, tensors.get(t).name() + "[" + i + "]");
          }
        }
      }
    }
  }

  private TrainingRun run(Objective objective, int steps) throws IOException {
    Path folder = Files.createDirectories(directory.resolve("run"));
    return new TrainingRun(
        folder,
        SHAPE,
        -1,
        new TrainingConfig(
            objective,
            0,
            steps,
            8,
            2,
            Update.ADAMW,
            1e-2,
            Math.min(2, steps - 1),
            0,
            1,
            0,
            0.9,
            steps,
            5),
        Precision.FP32,
        WeightType.FP32,
        "cpu",
        400,
        "tokenizer",
        "corpus",
        "a test");
  }

  /**
   * Every second token repeats the one before, and of the others seven in ten are 0: knowing the
   * frequencies alone costs 1.14 nats per token, knowing nothing ln 7 = 1.95.
   */
  private static TokenData data(long seed) {
    int[] tokens = new Random(seed).ints(4000, 0, 20).map(x -> x < 14 ? 0 : x - 13).toArray();
    for (int i = 1; i < tokens.length; i += 2) {
      tokens[i] = tokens[i - 1];
    }
    return TokenData.of(tokens);
  }

  /** 120 steps learn what one has not: ln S is what knowing nothing costs, by 400 blocks. */
  @ParameterizedTest
  @EnumSource(
      value = Objective.class,
      names = {"ELBO", "CROSS_ENTROPY"})
  void runsLearnAndSayWhatTheyAre(Objective objective) throws IOException {
    double untrained = trained(run(objective, 1)).provenance().validationNatsPerToken();
    assertTrue(untrained > 0.9 * Math.log(SYMBOLS), "after one step " + untrained);
    deleteRun();
    ModelConfig config = trained(run(objective, 120));
    assertEquals("uniform", config.process());
    assertEquals(-1, config.mask());
    assertEquals(
        objective == Objective.ELBO ? Representation.LEAVE_ONE_OUT : Representation.DENOISER,
        config.representation());
    double bound = config.provenance().validationNatsPerToken();
    assertTrue(Double.isFinite(bound) && bound < 0.9 * Math.log(SYMBOLS), "bound " + bound);
  }

  private static ModelConfig trained(TrainingRun run) throws IOException {
    try (Trainer trainer = new Trainer(run, false)) {
      assertTrue(trainer.train(data(1), data(2), new TrainingListener() {}));
    }
    return ModelConfig.read(run.directory().resolve("config.json"));
  }

  @Test
  void resumingEndsWithTheSameBits() throws IOException {
    float[][] whole = weightsAfter(run(Objective.ELBO, 6), false);
    deleteRun();
    TrainingRun run = run(Objective.ELBO, 6);
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(
          data(1),
          data(2),
          new TrainingListener() {
            @Override
            public boolean stopRequested() {
              return trainer.step() == 3;
            }
          });
      assertEquals(3, trainer.step());
    }
    assertArrayEquals(whole, weightsAfter(run, true));
  }

  private static float[][] weightsAfter(TrainingRun run, boolean resume) throws IOException {
    try (Trainer trainer = new Trainer(run, resume)) {
      trainer.train(data(1), data(2), new TrainingListener() {});
    }
    Path file = run.directory().resolve("model.safetensors");
    try (Network network = Network.read(PyTorch.newManager("cpu"), SHAPE, file, "")) {
      return network.toMap().values().toArray(float[][]::new);
    }
  }

  private void deleteRun() throws IOException {
    try (var files = Files.list(directory.resolve("run"))) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void refusesWhatOnlyMaskingHas() {
    TrainingConfig config =
        new TrainingConfig(
            Objective.MASK_PREDICTOR, 2, 2, 4, 1, Update.ADAMW, 1e-2, 1, 0, 1, 0, 0, 2, 5);
    String message =
        Refusal.message(
            IllegalArgumentException.class,
            () ->
                new TrainingRun(
                    directory,
                    SHAPE,
                    -1,
                    config,
                    Precision.FP32,
                    WeightType.FP32,
                    "cpu",
                    4,
                    "t",
                    "c",
                    "a test"));
    assertEquals("objective mask-predictor is not for uniform noise", message);
  }
}
