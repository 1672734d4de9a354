package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.pytorch.jni.IValue;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Queries and keys turned as complex numbers, which happens to packed weights on one or two threads
 * if a head fills registers: the network stays what it is, whoever sees whom.
 */
class PairsTest {
  private static final int VOCABULARY = 96;

  private int threads;

  @BeforeEach
  void threadsBefore() {
    Tiny.shape(false, false); // sets its own number, once
    threads = PyTorch.threads();
  }

  @AfterEach
  void threadsAsBefore() {
    PyTorch.setThreads(threads);
  }

  private static NetworkShape shape(int width, int layers, int heads, int length) {
    return new NetworkShape(VOCABULARY, width, layers, heads, length, 0, false);
  }

  /** Root mean square of a difference, in that of the right numbers. */
  private static double error(float[] right, float[] numbers) {
    double sum = 0;
    double all = 0;
    for (int i = 0; i < right.length; i++) {
      sum += Math.pow(numbers[i] - right[i], 2);
      all += Math.pow(right[i], 2);
    }
    return Math.sqrt(sum / all);
  }

  private static double error(Architecture shape, float[][] weights, Precision precision) {
    try (Network network = Tiny.network(shape, weights);
        IValue plain = Program.listOf(network.weights());
        IValue packed = network.inferenceWeights(network.weights(), precision)) {
      return error(
          Tiny.hidden(network, plain, 3, Precision.FP32),
          Tiny.hidden(network, packed, 3, precision));
    }
  }

  /** The rounding of float32 or bfloat16; turns by wrong angles or of wrong pairs make it 0.5. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void packedIsPlain(int count) {
    PyTorch.setThreads(count);
    for (int hd : new int[] {16, 64, 10}) {
      NetworkShape dit = shape(2 * hd, 2, 2, 24);
      float[][] weights = Tiny.weights(dit, 3);
      for (Architecture shape :
          new Architecture[] {dit, new CausalShape(dit), new BlockShape(dit, 4)}) {
        String name = shape.getClass().getSimpleName() + " of " + hd;
        double error = error(shape, weights, Precision.FP32);
        assertTrue(error < 1e-4, name + ": " + error);
        error = error(shape, weights, Precision.BF16);
        assertTrue(error < 0.1, name + " in bfloat16: " + error);
      }
    }
  }

  /**
   * With sizes whose rows three and four threads would cut between registers, where entries are
   * rounded otherwise.
   */
  @ParameterizedTest
  @CsvSource({"2, 144, 3, 63, 40, 17", "4, 144, 3, 63, 40, 17", "3, 80, 5, 8, 300, 201"})
  void cutRowsChangeNothing(int count, int width, int heads, int length, int sequences, int fewer) {
    PyTorch.setThreads(count);
    NetworkShape shape = shape(width, 1, heads, length);
    try (Network network = Tiny.network(shape, Tiny.weights(shape, 3));
        IValue packed = network.inferenceWeights(network.weights(), Precision.FP32)) {
      float[] all = Tiny.hidden(network, packed, sequences, Precision.FP32);
      float[] some = Tiny.hidden(network, packed, fewer, Precision.FP32);
      assertArrayEquals(Arrays.copyOf(all, some.length), some, 0f);
    }
  }

  /** What this class would find: pairs of the wrong numbers. */
  @Test
  void theErrorOfWrongPairsIsLarge() {
    PyTorch.setThreads(1);
    NetworkShape dit = shape(32, 2, 2, 24);
    float[][] weights = Tiny.weights(dit, 3);
    try (Network network = Tiny.network(dit, weights);
        IValue plain = Program.listOf(network.weights())) {
      float[] right = Tiny.hidden(network, plain, 3, Precision.FP32);
      for (int i = 0; i < weights.length; i++) {
        if (weights[i].length == 3 * 32 * 32) { // the first rows of queries change places
          for (int j = 0; j < 32; j++) {
            float first = weights[i][j];
            weights[i][j] = weights[i][32 + j];
            weights[i][32 + j] = first;
          }
        }
      }
      try (Network wrong = Tiny.network(dit, weights);
          IValue own = Program.listOf(wrong.weights())) {
        assertTrue(error(right, Tiny.hidden(wrong, own, 3, Precision.FP32)) > 0.3);
      }
    }
  }
}
