package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The head learns 2^25 / V rows at a time, here 279: a batch has more, its sequences by themselves
 * have fewer. In these its loss is made of 2^18 / V for each thread at a time, 2.
 */
class HeadPartsTest {
  private static final int VOCABULARY = 120_000;
  private static final int LENGTH = 128;
  private static final int SEQUENCES = 3;
  private static final NetworkShape SHAPE =
      new NetworkShape(VOCABULARY, 16, 1, 2, LENGTH, 0, false);

  private static NoisyBatch batch() {
    Random random = new Random(6);
    int[][] blocks = new int[SEQUENCES][];
    Arrays.setAll(blocks, b -> random.ints(LENGTH, 0, VOCABULARY - 1).toArray());
    return NoisyBatch.masked(blocks, new int[] {128, 101, 113}, VOCABULARY - 1, 7, 0, 0);
  }

  /** One sequence of a batch, whose rows count as they do there. */
  private static NoisyBatch sequence(NoisyBatch batch, int b) {
    int length = batch.noisy().length / SEQUENCES;
    int[] own =
        IntStream.range(0, batch.rows().length)
            .filter(r -> batch.rows()[r] / length == b)
            .toArray();
    return new NoisyBatch(
        Arrays.copyOfRange(batch.noisy(), b * length, (b + 1) * length),
        new double[] {batch.sigmas()[b]},
        Arrays.stream(own).map(r -> batch.rows()[r] - b * length).toArray(),
        Arrays.stream(own).map(r -> batch.targets()[r]).toArray(),
        Arrays.stream(own).mapToDouble(r -> batch.weights()[r]).toArray());
  }

  /** The loss of the batches together, then the gradient of each tensor. */
  private static List<float[]> learn(
      List<NoisyBatch> batches, float[][] weights, Objective objective, Precision precision) {
    return learn(SHAPE, VOCABULARY - 1, batches, weights, objective, precision);
  }

  private static List<float[]> learn(
      NetworkShape shape,
      int mask,
      List<NoisyBatch> batches,
      float[][] weights,
      Objective objective,
      Precision precision) {
    List<float[]> all = new ArrayList<>();
    try (Network network = Tiny.network(shape, weights);
        NDManager m = network.manager().newSubManager()) {
      network.learn();
      TrainingLoss loss = new TrainingLoss(network, precision, mask, objective, 0);
      double sum = 0;
      for (int i = 0; i < batches.size(); i++) {
        sum += loss.backward(m, batches.get(i), i > 0);
      }
      all.add(new float[] {(float) sum});
      all.addAll(TrainerLossTest.gradients(network));
    }
    return all;
  }

  /** Float32 as in {@link LearnedPassesTest}; in bfloat16 each part's sum is rounded by 2^-9. */
  @ParameterizedTest
  @CsvSource({"ELBO, FP32", "SCORE_ENTROPY, FP32", "ELBO, BF16"})
  void aBatchIsTheSumOfItsSequences(Objective objective, Precision precision) {
    NoisyBatch batch = batch();
    assertTrue(batch.rows().length > 279, "one part only");
    float[][] weights = Tiny.weights(SHAPE, 2);
    List<float[]> whole = learn(List.of(batch), weights, objective, precision);
    List<NoisyBatch> each =
        IntStream.range(0, SEQUENCES).mapToObj(b -> sequence(batch, b)).toList();
    double allowed = precision == Precision.FP32 ? 1e-5 : 2.0 / 512;
    assertEquals(
        0, LearnedPassesTest.distance(learn(each, weights, objective, precision), whole), allowed);
  }

  /** Uniform noise goes 2^22 / V rows at a time, 34; every token is one. */
  @Test
  void uniformNoiseGoesInPartsToo() {
    int length = 32;
    NetworkShape shape = new NetworkShape(VOCABULARY, 16, 1, 2, length, 0, false);
    Random random = new Random(6);
    int[][] blocks = new int[SEQUENCES][];
    Arrays.setAll(blocks, b -> random.ints(length, 0, VOCABULARY).toArray());
    NoiseLevel[] levels = {
      NoiseLevel.unitRate(0.2), NoiseLevel.unitRate(1), NoiseLevel.unitRate(3)
    };
    double[] each = {0.5, 1, 2};
    NoisyBatch batch = NoisyBatch.uniform(blocks, levels, each, VOCABULARY, 7, 0, 0);
    assertEquals(SEQUENCES * length, batch.rows().length);
    List<NoisyBatch> apart =
        IntStream.range(0, SEQUENCES).mapToObj(b -> sequence(batch, b)).toList();
    float[][] weights = Tiny.weights(shape, 2);
    List<float[]> whole = learn(shape, -1, List.of(batch), weights, Objective.ELBO, Precision.FP32);
    List<float[]> sum = learn(shape, -1, apart, weights, Objective.ELBO, Precision.FP32);
    assertTrue(Math.abs(whole.get(0)[0]) > 1, "a loss of " + whole.get(0)[0]);
    assertEquals(0, LearnedPassesTest.distance(sum, whole), 1e-5);
  }

  /** Without a matrix the head says its biases everywhere: loss and their gradient in double. */
  @Test
  void everyRowCountsOnce() {
    NoisyBatch batch = batch();
    float[][] weights = Tiny.weights(SHAPE, 2);
    int matrix = (int) SHAPE.head()[0];
    Arrays.fill(weights[matrix], 0);
    float[] bias = weights[matrix + 1];
    double sum = IntStream.range(0, VOCABULARY - 1).mapToDouble(v -> Math.exp(bias[v])).sum();
    double loss = 0;
    float[] expected = new float[VOCABULARY];
    for (int v = 0; v < VOCABULARY - 1; v++) {
      expected[v] = (float) (Math.exp(bias[v]) / sum * Arrays.stream(batch.weights()).sum());
    }
    for (int r = 0; r < batch.rows().length; r++) {
      loss += batch.weights()[r] * (Math.log(sum) - bias[batch.targets()[r]]);
      expected[batch.targets()[r]] -= (float) batch.weights()[r];
    }
    List<float[]> got = learn(List.of(batch), weights, Objective.ELBO, Precision.FP32);
    assertEquals(loss, got.get(0)[0], 1e-5 * loss);
    List<float[]> own = List.of(got.get(matrix + 2));
    assertEquals(0, LearnedPassesTest.distance(List.of(expected), own), 1e-5);
  }
}
