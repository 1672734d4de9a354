package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoiseTimes;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The passes that are written out ({@code learned.py}) against autograd, which runs networks with
 * time modules: one whose time modules change nothing is the same function of its other weights.
 */
class LearnedPassesTest {
  private static final int SHORT = 20;
  private static final int VOCABULARY = 50;
  private static final int WIDTH = 32;
  private static final int LAYERS = 3;
  private static final int TIME = 4;

  private static NetworkShape shape(int length, int time, boolean bias) {
    return new NetworkShape(VOCABULARY, WIDTH, LAYERS, 4, length, time, bias);
  }

  /** The weights of the network without time modules, and such as multiply branches by a gate. */
  private static float[][] timed(NetworkShape shape, float[][] plain, float gate) {
    List<float[]> all = new ArrayList<>();
    int next = 0;
    for (Architecture.Tensor tensor : shape.tensors()) {
      boolean own = tensor.name().contains("adaLN") || tensor.name().startsWith("sigma_map");
      float[] weights = own ? new float[(int) tensor.size()] : plain[next++];
      if (tensor.name().startsWith("blocks.") && tensor.name().endsWith("modulation.bias")) {
        // Shift, scale and gate of the attention branch, then of the other.
        Arrays.fill(weights, 2 * WIDTH, 3 * WIDTH, gate);
        Arrays.fill(weights, 5 * WIDTH, 6 * WIDTH, gate);
      }
      all.add(weights);
    }
    return all.toArray(float[][]::new);
  }

  private static NoisyBatch batch(int length, boolean masking) {
    Random random = new Random(5);
    int[][] blocks = new int[6][];
    Arrays.setAll(blocks, b -> random.ints(length, 0, VOCABULARY - 1).toArray());
    if (!masking) {
      NoiseLevel[] levels = new NoiseLevel[6];
      Arrays.setAll(levels, b -> NoiseTimes.SCHEDULE.at(NoiseTimes.at((b + 0.3) / 6)));
      double[] weights = Arrays.stream(levels).mapToDouble(NoiseTimes::weight).toArray();
      return NoisyBatch.uniform(blocks, levels, weights, VOCABULARY, 7, 0, 0);
    }
    return NoisyBatch.masked(blocks, new int[] {3, 9, 20, 1, 14, 6}, VOCABULARY - 1, 7, 0, 0);
  }

  /** Loss and gradients of the tensors that both networks have. */
  private static List<float[]> learn(
      NetworkShape shape,
      float[][] weights,
      Objective objective,
      Precision precision,
      boolean masking,
      double dropout) {
    List<float[]> all = new ArrayList<>();
    try (Network network = Tiny.network(shape, weights);
        NDManager m = network.manager().newSubManager()) {
      network.learn();
      Engine.getInstance().setRandomSeed(3);
      int mask = masking ? VOCABULARY - 1 : -1;
      TrainingLoss loss = new TrainingLoss(network, precision, mask, objective, dropout);
      all.add(new float[] {(float) loss.backward(m, batch(shape.length(), masking), false)});
      for (int t = 0; t < weights.length; t++) {
        String name = shape.tensors().get(t).name();
        if (!name.contains("adaLN") && !name.startsWith("sigma_map")) {
          all.add(TrainerLossTest.gradient(network.weights().get(t)));
        }
      }
    }
    return all;
  }

  /** The distance of two gradients over the size of the first, the largest of all tensors. */
  static double distance(List<float[]> a, List<float[]> b) {
    assertEquals(a.size(), b.size());
    double largest = 0;
    for (int t = 0; t < a.size(); t++) {
      double off = 0;
      double size = 0;
      for (int i = 0; i < a.get(t).length; i++) {
        double difference = a.get(t)[i] - b.get(t)[i];
        off += difference * difference;
        size += a.get(t)[i] * (double) a.get(t)[i];
      }
      assertTrue(size > 0, "tensor " + t);
      largest = Math.max(largest, Math.sqrt(off / size));
    }
    return largest;
  }

  /**
   * 1e-5 is 2^7 units in the last place of float32, some for each of the products on the way; with
   * dropout, whose draw may let gradients cancel, 2^9 (seen are up to 2^7.2; another draw has a
   * distance of order 1). bfloat16 has 2^-8, and both round it away 20 times, up and down.
   */
  @ParameterizedTest
  @CsvSource({
    "20, ELBO, FP32, true, false, 0",
    "20, ELBO, FP32, true, true, 0",
    "20, SCORE_ENTROPY, FP32, true, false, 0",
    "20, CROSS_ENTROPY, FP32, true, false, 0.3",
    "20, ELBO, FP32, true, true, 0.3",
    "20, ELBO, FP32, false, false, 0",
    "20, ELBO, FP32, false, true, 0.3",
    "520, ELBO, FP32, true, false, 0",
    "520, ELBO, FP32, true, true, 0.3",
    "20, ELBO, BF16, true, true, 0.3",
    "20, ELBO, BF16, false, false, 0",
    "520, ELBO, BF16, true, false, 0"
  })
  void gradientsAreThoseOfAutograd(
      int length,
      Objective objective,
      Precision precision,
      boolean masking,
      boolean bias,
      double dropout) {
    NetworkShape own = shape(length, 0, bias);
    NetworkShape timed = shape(length, TIME, bias);
    float[][] plain = Tiny.weights(own, 2);
    List<float[]> written = learn(own, plain, objective, precision, masking, dropout);
    List<float[]> recorded =
        learn(timed, timed(timed, plain, 1), objective, precision, masking, dropout);
    double allowed =
        precision == Precision.FP32 ? (dropout > 0 ? 4e-5 : 1e-5) : Math.sqrt(20) / 256;
    assertEquals(0, distance(recorded, written), allowed);
  }

  @Test
  void anotherNetworkHasOtherGradients() {
    float[][] plain = Tiny.weights(shape(SHORT, 0, false), 2);
    List<float[]> written =
        learn(shape(SHORT, 0, false), plain, Objective.ELBO, Precision.FP32, true, 0);
    NetworkShape timed = shape(SHORT, TIME, false);
    List<float[]> recorded =
        learn(timed, timed(timed, plain, 1.001f), Objective.ELBO, Precision.FP32, true, 0);
    assertTrue(distance(recorded, written) > 1e-4);
  }

  /** Gradients take the place of what is there, whatever it is, or are added to it. */
  @ParameterizedTest
  @CsvSource({
    "0, true, true, FP32",
    "0, false, true, BF16",
    "0, true, false, FP32",
    "16, true, true, FP32",
    "16, false, false, FP32"
  })
  void gradientsAreMadeAnewOrAddUp(int time, boolean bias, boolean masking, Precision precision) {
    NetworkShape shape = shape(SHORT, time, bias);
    float[][] weights = Tiny.weights(shape, 2);
    NoisyBatch batch = batch(SHORT, masking);
    try (Network network = Tiny.network(shape, weights);
        NDManager m = network.manager().newSubManager()) {
      network.learn();
      int mask = masking ? VOCABULARY - 1 : -1;
      TrainingLoss loss = new TrainingLoss(network, precision, mask, Objective.ELBO, 0);
      loss.backward(m, batch, false);
      List<float[]> once = TrainerLossTest.gradients(network);
      for (NDArray weight : network.weights()) {
        try (NDArray gradient = weight.getGradient()) {
          PyTorchThread.call(() -> gradient.muli(0f).addi(Float.NaN));
          assertTrue(Float.isNaN(TrainerLossTest.gradient(weight)[0]));
        }
      }
      loss.backward(m, batch, false);
      List<float[]> again = TrainerLossTest.gradients(network);
      loss.backward(m, batch, true);
      List<float[]> twice = TrainerLossTest.gradients(network);
      for (int t = 0; t < weights.length; t++) {
        assertArrayEquals(once.get(t), again.get(t), "tensor " + t);
        for (int i = 0; i < once.get(t).length; i++) {
          float own = once.get(t)[i];
          assertEquals(2 * own, twice.get(t)[i], 1e-5 * Math.abs(own) + 1e-6);
        }
      }
    }
  }
}
