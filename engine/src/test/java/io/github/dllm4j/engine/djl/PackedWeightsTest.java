package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Packed weights: that they are, and that an entry of a product does not depend on its company. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class PackedWeightsTest {
  private static final int ROWS = 100;
  private static final int FEATURES = 2_048;
  private static final int OUT = 96;
  private static final int LENGTH = 8;

  private static float[] numbers(int size, long seed) {
    float[] numbers = new float[size];
    Random random = new Random(seed);
    for (int i = 0; i < size; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  /** A product of so many of the first rows, by the head of a network without bias. */
  private static float[] product(
      NDManager manager, Program program, IValue weights, float[] x, int rows, Precision type) {
    long[] place = {0, -1, OUT};
    float[] some = Arrays.copyOf(x, rows * FEATURES);
    try (NDArray h = manager.create(some, new Shape(rows, FEATURES));
        NDArray y = program.call(manager, "head", h, weights, place, type.scalarType(), -1);
        NDArray wide = program.call(manager, "widen", y, 0)) {
      return wide.toFloatArray();
    }
  }

  @Test
  void rowsDoNotDependOnTheirNumber() {
    try (NDManager manager = PyTorch.newManager("cpu")) {
      Program program = Program.load(manager);
      float[] x = numbers(ROWS * FEATURES, 1);
      NDArray matrix = manager.create(numbers(OUT * FEATURES, 2), new Shape(OUT, FEATURES));
      try (IValue plain = Program.listOf(List.of(matrix));
          IValue packed =
              program.run(
                  "cast", plain, Precision.FP32.scalarType(), new long[] {0}, 256, new long[6])) {
        assertEquals(1, program.run("packed", packed).toLong());
        assertEquals(0, program.run("packed", plain).toLong());
        float[] all = product(manager, program, packed, x, ROWS, Precision.FP32);
        for (int rows : new int[] {1, 15, 16, 17, 48, 64, 99}) {
          float[] some = product(manager, program, packed, x, rows, Precision.FP32);
          assertArrayEquals(Arrays.copyOf(all, rows * OUT), some, 0f, rows + " rows");
        }
        float[] usual = product(manager, program, plain, x, ROWS, Precision.FP32);
        assertArrayEquals(usual, all, 2e-3f);
      }
    }
  }

  /**
   * Through a whole block, from 16 rows on, also with more threads than processors. On a PyTorch
   * with MKL the matrices of the block are in its order, but for the one before GELU. (In an order
   * for 256 rows, those of 12 threads would depend on how many there are.)
   */
  @ParameterizedTest
  @CsvSource({"FP32, 1", "FP32, 2", "FP32, 4", "FP32, 8", "FP32, 12", "FP32, 24", "BF16, 1"})
  void sequencesDoNotDependOnTheirNumber(Precision precision, int threads) {
    NetworkShape shape = new NetworkShape(OUT, FEATURES / 4, 1, 8, LENGTH, 0, false);
    int before = PyTorch.threads();
    PyTorch.setThreads(threads);
    try (Network network = Tiny.network(shape, Tiny.weights(shape, 3));
        IValue plain = Program.listOf(network.weights());
        IValue weights = network.inferenceWeights(network.weights(), precision)) {
      if (precision == Precision.FP32) {
        assertEquals(5, network.program().run("packed", weights).toLong());
      }
      float[] all = Tiny.hidden(network, weights, 17, precision);
      for (int sequences : new int[] {1, 2, 3, 7, 16}) {
        float[] some = Tiny.hidden(network, weights, sequences, precision);
        assertArrayEquals(Arrays.copyOf(all, some.length), some, 0f, sequences + " sequences");
      }
      if (precision == Precision.FP32) {
        assertArrayEquals(Tiny.hidden(network, plain, 17, precision), all, 1e-4f);
      }
    } finally {
      PyTorch.setThreads(before);
    }
  }
}
