package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.loss.ScoreEntropy;
import io.github.dllm4j.engine.train.MaskCounts;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Losses and gradients of production code against plain double. */
class TrainerLossTest {

  static NoisyBatch batch(long seed) {
    Random random = new Random(seed);
    int[][] blocks = new int[4][];
    Arrays.setAll(blocks, b -> random.ints(Tiny.LENGTH, 0, Tiny.MASK).toArray());
    int[] counts = MaskCounts.systematic(Tiny.LENGTH, 4, seed, 0);
    return NoisyBatch.masked(blocks, counts, Tiny.MASK, seed, 0, 0);
  }

  /** A network that is ready to train. */
  static Network trainable(NetworkShape shape, long seed) {
    Network network = Tiny.network(shape, Tiny.weights(shape, seed));
    network.learn();
    return network;
  }

  /** The loss in double: sum of weight * cross-entropy, with the penalty if wanted. */
  private static double reference(
      ReferenceTransformer network, NoisyBatch batch, boolean penalised) {
    double loss = 0;
    int length = batch.noisy().length / batch.sigmas().length;
    double[][][] logits = new double[batch.sigmas().length][][];
    for (int b = 0; b < logits.length; b++) {
      int[] tokens = Arrays.copyOfRange(batch.noisy(), b * length, (b + 1) * length);
      double sigma = Math.min(TransformerDenoiser.LARGEST_SIGMA, batch.sigmas()[b]);
      logits[b] = network.logits(tokens, sigma);
    }
    for (int r = 0; r < batch.rows().length; r++) {
      double[] row = logits[batch.rows()[r] / length][batch.rows()[r] % length];
      loss += batch.weights()[r] * network.loss(row, batch.targets()[r], Tiny.MASK, penalised);
    }
    return loss;
  }

  static double backward(Network network, NoisyBatch batch, boolean penalised) {
    return backward(network, batch, penalised, Precision.FP32);
  }

  private static double backward(
      Network network, NoisyBatch batch, boolean penalised, Precision precision) {
    try (NDManager m = network.manager().newSubManager()) {
      Objective objective = penalised ? Objective.SCORE_ENTROPY : Objective.ELBO;
      return new TrainingLoss(network, precision, Tiny.MASK, objective, 0)
          .backward(m, batch, false);
    }
  }

  static float[] gradient(NDArray weight) {
    try (NDArray gradient = weight.getGradient()) {
      return gradient.toFloatArray();
    }
  }

  /** Of all tensors. */
  static List<float[]> gradients(Network network) {
    return network.weights().stream().map(TrainerLossTest::gradient).toList();
  }

  @ParameterizedTest
  @CsvSource({"false, false, false", "true, false, false", "false, true, true", "true, true, true"})
  void lossesAgreeWithTheReference(boolean time, boolean bias, boolean penalised) {
    NetworkShape shape = Tiny.shape(time, bias);
    ReferenceTransformer reference = new ReferenceTransformer(shape, Tiny.weights(shape, 2));
    try (Network network = trainable(shape, 2)) {
      for (int seed = 0; seed < 5; seed++) {
        double expected = reference(reference, batch(seed), penalised);
        assertEquals(expected, backward(network, batch(seed), penalised), 1e-5 * expected);
      }
    }
  }

  /**
   * The score head's convention: s(a) = exp(logit) / (S expm1(sigma)). The loss package's value per
   * unit of sigma, times expm1(sigma), is what production sums.
   */
  @Test
  void scoreEntropyIsThatOfTheLossPackage() {
    NetworkShape shape = Tiny.shape(true, false);
    ReferenceTransformer reference = new ReferenceTransformer(shape, Tiny.weights(shape, 2));
    double sigma = 0.7;
    double[] logits = reference.logits(new int[] {1, Tiny.MASK, 2, 3, 0}, sigma)[1];
    double[] logScores = Arrays.copyOf(logits, Tiny.MASK);
    Arrays.setAll(logScores, a -> logits[a] - Math.log(Tiny.MASK * Math.expm1(sigma)));
    double expected = ScoreEntropy.loss(logScores, 4, sigma) * Math.expm1(sigma);
    assertEquals(expected, reference.loss(logits, 4, Tiny.MASK, true), 1e-12);
  }

  @Test
  void bfloat16LossIsNear() {
    NetworkShape shape = Tiny.shape(true, true);
    ReferenceTransformer reference = new ReferenceTransformer(shape, Tiny.weights(shape, 2));
    double expected = reference(reference, batch(1), true);
    try (Network network = trainable(shape, 2);
        NDManager m = network.manager().newSubManager()) {
      TrainingLoss loss =
          new TrainingLoss(network, Precision.BF16, Tiny.MASK, Objective.SCORE_ENTROPY, 0);
      assertEquals(expected, loss.backward(m, batch(1), false), 0.03 * expected);
    }
  }

  /**
   * A number in bfloat16 is off by up to 2^-8 of itself; on its way a gradient passes at most 26
   * products, 6 in each of two blocks and the head, there and back.
   */
  @ParameterizedTest
  @CsvSource({"0, false", "6, false", "6, true"})
  void bfloat16GradientsAreNear(int time, boolean penalised) {
    NetworkShape shape = new NetworkShape(1500, 8, 2, 2, Tiny.LENGTH, time, true);
    try (Network exact = trainable(shape, 2);
        Network rounded = trainable(shape, 2)) {
      backward(exact, batch(3), penalised);
      backward(rounded, batch(3), penalised, Precision.BF16);
      for (int t = 0; t < exact.weights().size(); t++) {
        float[] want = gradient(exact.weights().get(t));
        float[] got = gradient(rounded.weights().get(t));
        double off = 0;
        double size = 0;
        for (int i = 0; i < want.length; i++) {
          off += (got[i] - want[i]) * (got[i] - want[i]);
          size += want[i] * want[i];
        }
        assertTrue(
            Math.sqrt(off) <= 26 * Math.sqrt(size) / 256, shape.tensors().get(t).name() + " " + t);
      }
    }
  }

  /** Two weights of every tensor: central differences of the double reference. */
  @ParameterizedTest
  @CsvSource({"false, false, false", "true, true, true"})
  void gradientsAreThoseOfTheReference(boolean time, boolean bias, boolean penalised) {
    NetworkShape shape = Tiny.shape(time, bias);
    ReferenceTransformer reference = new ReferenceTransformer(shape, Tiny.weights(shape, 2));
    NoisyBatch batch = batch(3);
    Random random = new Random(5);
    try (Network network = trainable(shape, 2)) {
      backward(network, batch, penalised);
      List<Architecture.Tensor> tensors = shape.tensors();
      for (int t = 0; t < tensors.size(); t++) {
        float[] gradient = gradient(network.weights().get(t));
        double[] weights = reference.tensor(tensors.get(t).name());
        for (int n = 0; n < 2; n++) {
          int i = random.nextInt(weights.length);
          double old = weights[i];
          weights[i] = old + 1e-4;
          double up = reference(reference, batch, penalised);
          weights[i] = old - 1e-4;
          double difference = (up - reference(reference, batch, penalised)) / 2e-4;
          weights[i] = old;
          double allowed = 1e-3 * Math.abs(difference) + 1e-5;
          assertEquals(difference, gradient[i], allowed, tensors.get(t).name() + "[" + i + "]");
        }
      }
    }
  }

  /** The steepest weight of every tensor: central differences of the production loss itself. */
  @ParameterizedTest
  @ValueSource(ints = {Tiny.VOCABULARY, 1500})
  void gradientsAreThoseOfTheProductionLoss(int vocabulary) {
    NetworkShape shape = new NetworkShape(vocabulary, 8, 2, 2, Tiny.LENGTH, 6, false);
    NoisyBatch batch = batch(3);
    float[][] weights = Tiny.weights(shape, 2);
    try (Network network = trainable(shape, 2)) {
      backward(network, batch, false);
      for (int t = 0; t < weights.length; t += 3) {
        float[] gradient = gradient(network.weights().get(t));
        int steepest = 0;
        for (int i = 1; i < gradient.length; i++) {
          steepest = Math.abs(gradient[i]) > Math.abs(gradient[steepest]) ? i : steepest;
        }
        double[] loss = new double[2];
        float old = weights[t][steepest];
        for (int side = 0; side < 2; side++) {
          weights[t][steepest] = old + (side == 0 ? 0.01f : -0.01f);
          try (Network moved = Tiny.network(shape, weights)) {
            moved.learn();
            loss[side] = backward(moved, batch, false);
          }
        }
        weights[t][steepest] = old;
        double difference = (loss[0] - loss[1]) / 0.02;
        assertEquals(difference, gradient[steepest], 0.02 * Math.abs(difference) + 1e-4);
      }
    }
  }
}
