package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.sample.ChainReader;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training from left to right: loss and gradients against plain double, and whole runs. */
class AutoregressiveTrainingTest {
  private static final NetworkShape SHAPE = Tiny.shape(false, false);

  @TempDir Path directory;

  private static TrainingConfig config(int steps, int batch, double dropout) {
    return config(steps, batch, 1, dropout);
  }

  private static TrainingConfig config(int steps, int batch, int accumulation, double dropout) {
    return new TrainingConfig(
        Objective.CROSS_ENTROPY,
        0,
        steps,
        batch,
        accumulation,
        Update.ADAMW,
        4e-3,
        steps / 20,
        0.01,
        1,
        dropout,
        0.95,
        Math.max(1, steps / 2),
        1);
  }

  private TrainingRun tiny(String name, int steps, double dropout) throws IOException {
    Path folder = Files.createDirectories(directory.resolve(name));
    return TinyRun.run(folder, config(steps, 4, dropout), SHAPE);
  }

  private static double reference(ReferenceTransformer network, NoisyBatch batch) {
    double loss = 0;
    int length = batch.noisy().length / batch.sigmas().length;
    for (int from = 0; from < batch.noisy().length; from += length) {
      int[] read = Arrays.copyOfRange(batch.noisy(), from, from + length);
      double[][] logits = network.logits(read, 0);
      for (int r = from; r < from + length; r++) {
        double own = network.loss(logits[r - from], batch.targets()[r], Tiny.MASK, false);
        loss += own * batch.weights()[r];
      }
    }
    return loss;
  }

  /** Some weights of every tensor: central differences of the double reference. */
  @ParameterizedTest
  @CsvSource({"5, 4, false", "5, 4, true", "520, 1, true"})
  void lossAndGradientsAreThoseOfTheReference(int length, int sequences, boolean bias) {
    Random random = new Random(5);
    int[][] blocks = new int[sequences][];
    Arrays.setAll(blocks, b -> random.ints(length, 0, Tiny.MASK).toArray());
    NoisyBatch batch = NoisyBatch.shifted(blocks, Tiny.MASK);
    assertEquals(Tiny.MASK, batch.noisy()[0]);
    assertEquals(blocks[0][0], batch.noisy()[1]);
    assertEquals(1, Arrays.stream(batch.weights()).sum(), 1e-12);
    NetworkShape shape = new NetworkShape(Tiny.VOCABULARY, 8, 2, 2, length, 0, bias);
    float[][] start = Tiny.weights(shape, 2);
    ReferenceTransformer reference = new ReferenceTransformer(shape, start).causal();
    try (Network network = Tiny.network(new CausalShape(shape), start);
        NDManager m = network.manager().newSubManager()) {
      network.learn();
      double loss =
          new TrainingLoss(network, Precision.FP32, Tiny.MASK, Objective.CROSS_ENTROPY, 0)
              .backward(m, batch, false);
      assertEquals(reference(reference, batch), loss, 2e-5 * loss);
      List<Architecture.Tensor> tensors = shape.tensors();
      for (int t = 0; t < tensors.size(); t++) {
        try (NDArray array = network.weights().get(t).getGradient()) {
          float[] gradient = array.toFloatArray();
          double[] weights = reference.tensor(tensors.get(t).name());
          for (int n = 0; n < 2; n++) {
            int i = random.nextInt(weights.length);
            double old = weights[i];
            weights[i] = old + 1e-4;
            double up = reference(reference, batch);
            weights[i] = old - 1e-4;
            double difference = (up - reference(reference, batch)) / 2e-4;
            weights[i] = old;
            double allowed = 1e-3 * Math.abs(difference) + 1e-4;
            assertEquals(difference, gradient[i], allowed, tensors.get(t).name() + "[" + i + "]");
          }
        }
      }
    }
  }

  /** Losses and gradients' norms of two steps, whose texts hang on neither number. */
  private double[] steps(int batch, int accumulation) throws IOException {
    Path folder = Files.createDirectories(directory.resolve("parts" + accumulation));
    TrainingRun run = TinyRun.run(folder, config(2, batch, accumulation, 0), SHAPE);
    List<Double> told = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(Progress progress) {
            told.add(progress.loss());
            told.add(progress.gradientNorm());
          }
        };
    try (Trainer trainer = new Trainer(run, false)) {
      assertTrue(trainer.train(TinyRun.data(500, 1), TinyRun.data(60, 2), listener));
    }
    return told.stream().mapToDouble(x -> x).toArray();
  }

  /** That no step adds to the one before is shown by runs that are resumed. */
  @Test
  void theGradientOfAStepIsThatOfAllItsParts() throws IOException {
    assertArrayEquals(steps(8, 1), steps(2, 4), 1e-4);
  }

  /**
   * The Markov chain of {@link LearningTest}: no model beats H/d, nats per token; one that ignored
   * the context would lose ln 8 - H(next | token), above 1. The excess is measured on the same
   * fresh blocks as the exact law's, which takes their noise out.
   */
  @Test
  void learnsAMarkovChain(TestReporter reporter) throws IOException {
    PyTorch.setThreads(1);
    int d = LearningTest.LENGTH;
    int mask = LearningTest.SYMBOLS;
    NetworkShape shape = new NetworkShape(mask + 1, 32, 1, 2, d, 0, false);
    TrainingRun run =
        new TrainingRun(
            directory,
            shape,
            mask,
            config(400, 32, 0),
            Precision.FP32,
            WeightType.FP32,
            "cpu",
            50,
            "",
            "",
            "");
    TokenData fresh = LearningTest.chain(2000 * d, 3);
    try (Trainer trainer = new Trainer(run, false)) {
      assertTrue(trainer.train(LearningTest.chain(300_000, 2), fresh, new TrainingListener() {}));
    }
    ModelConfig config = ModelConfig.read(directory.resolve("config.json"));
    Network network =
        Network.read(PyTorch.newManager("cpu"), config, directory.resolve("model.safetensors"));
    try (CausalNetwork model =
        new CausalNetwork(network, network.weights(), Precision.FP32, mask, mask, true)) {
      List<int[]> blocks = new ArrayList<>();
      Trainer.blocks(fresh, d, 2000).forEachRemaining(blocks::add);
      double[] ours = nats(model, blocks);
      double[] best = nats(new ChainReader(LearningTest.law()), blocks);
      double[] differences = new double[ours.length];
      Arrays.setAll(differences, b -> ours[b] - best[b]);
      Estimate excess = Estimate.of(differences);
      double entropy = LearningTest.law().curve().orElseThrow().entropy() / d;
      reporter.publishEntry(
          "learning a Markov chain from left to right",
          String.format(
              Locale.ROOT,
              "400 steps: excess %.5f +- %.5f, the law itself %.5f, H/d %.5f nats per token",
              excess.mean(),
              excess.standardError(),
              Estimate.of(best).mean(),
              entropy));
      assertEquals(entropy, Estimate.of(best).mean(), 4 * Estimate.of(best).standardError());
      assertTrue(excess.mean() > -4 * excess.standardError(), "below the entropy: " + excess);
      double context = Math.log(LearningTest.SYMBOLS) - entropy;
      assertTrue(excess.mean() + 4 * excess.standardError() < context / 50, excess.toString());
    }
  }

  /** Nats per token of each block. */
  private static double[] nats(CausalModel model, List<int[]> blocks) {
    return Arrays.stream(model.logProbabilities(blocks.toArray(int[][]::new)))
        .mapToDouble(logs -> -Arrays.stream(logs).average().orElseThrow())
        .toArray();
  }

  @Test
  void theModelSaysWhatItIs() throws IOException {
    TrainingRun run = tiny("run", 4, 0);
    assertTrue(run.autoregressive());
    try (Trainer trainer = new Trainer(run, false)) {
      TokenData data = TinyRun.data(60, 2);
      assertTrue(trainer.train(data, data, new TrainingListener() {}));
      assertThrows(IllegalArgumentException.class, () -> trainer.curve(data, 4));
    }
    ModelConfig written = ModelConfig.read(run.directory().resolve("config.json"));
    assertTrue(written.autoregressive());
    assertEquals("autoregressive", written.process());
    assertEquals(Representation.NEXT_TOKEN, written.representation());
    assertEquals("cross-entropy", written.provenance().objective());
    assertFalse(written.timeConditioning());
    assertTrue(written.provenance().validationNatsPerToken() > 0);
  }

  /** Dropout, the average and the moments go on bit by bit. */
  @Test
  void aResumedRunEndsWithTheSameBits() throws IOException {
    TokenData data = TinyRun.data(200, 1);
    TrainingRun whole = tiny("whole", 6, 0.1);
    try (Trainer trainer = new Trainer(whole, false)) {
      trainer.train(data, data, new TrainingListener() {});
    }
    TrainingRun parts = tiny("parts", 6, 0.1);
    TrainingListener stop =
        new TrainingListener() {
          @Override
          public boolean stopRequested() {
            return true;
          }
        };
    for (int part = 0; part < 6; part++) {
      try (Trainer trainer = new Trainer(parts, part > 0)) {
        assertEquals(part, trainer.step());
        trainer.train(data, data, stop);
      }
    }
    TrainerTest.assertSameTensors(whole.checkpointFile(), parts.checkpointFile());
  }
}
