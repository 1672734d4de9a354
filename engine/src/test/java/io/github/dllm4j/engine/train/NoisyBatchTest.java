package io.github.dllm4j.engine.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.sample.KeyedRandom;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NoisyBatchTest {

  @Test
  void masksExactlySoManyTokens() {
    int[][] blocks = {{1, 2, 3, 4}, {5, 6, 7, 8}};
    NoisyBatch batch = NoisyBatch.masked(blocks, new int[] {1, 4}, 9, 3, 0, 0);
    assertArrayEquals(new double[] {-Math.log(0.75), Double.POSITIVE_INFINITY}, batch.sigmas());
    assertEquals(5, batch.rows().length);
    for (int i = 0; i < 8; i++) {
      int r = Arrays.binarySearch(batch.rows(), i);
      int clean = blocks[i / 4][i % 4];
      assertEquals(r >= 0 ? 9 : clean, batch.noisy()[i]);
      if (r >= 0) {
        assertEquals(clean, batch.targets()[r]);
        assertEquals(i < 4 ? 1.0 / 2 : 1.0 / 8, batch.weights()[r]);
      }
    }
    assertArrayEquals(new int[] {1, 2, 3, 4}, blocks[0], "the blocks are left alone");
  }

  @Test
  void anExampleIsMaskedTheSameInAnyBatch() {
    int[] block = {1, 2, 3, 4, 5, 6};
    int[] counts = {3, 3, 3};
    int[] three = NoisyBatch.masked(new int[][] {block, block, block}, counts, 9, 3, 7, 4).noisy();
    int[] last = NoisyBatch.masked(new int[][] {block}, new int[] {3}, 9, 3, 7, 6).noisy();
    assertArrayEquals(last, Arrays.copyOfRange(three, 12, 18));
  }

  /** All 6 sets of 2 of 4, equally often: chi-square at 1e-4, fixed seed. */
  @Test
  void setsAreUniform() {
    long[] seen = new long[16];
    for (int step = 0; step < 6000; step++) {
      NoisyBatch batch = NoisyBatch.masked(new int[1][4], new int[] {2}, 1, 5, step, 0);
      seen[Arrays.stream(batch.rows()).map(i -> 1 << i).sum()]++;
    }
    double[] law = new double[16];
    for (int set = 0; set < 16; set++) {
      law[set] = Integer.bitCount(set) == 2 ? 1.0 / 6 : 0;
    }
    assertTrue(ChiSquare.pValue(law, seen) > 1e-4);
    law[3] = 0.2; // a wrong law is rejected
    law[5] = 2.0 / 6 - 0.2;
    assertTrue(ChiSquare.pValue(law, seen) < 1e-4);
  }

  /**
   * Systematic: of each size within one of the expected number. One example of the batch, chosen at
   * random, has every size equally often: chi-square at 1e-4, fixed seed; counts that forget the
   * random shift are rejected wherever they differ.
   */
  @ParameterizedTest
  @CsvSource({"5, 1", "5, 3", "5, 5", "5, 12", "128, 32", "1, 4"})
  void countsAreSpreadEvenlyAndUniform(int length, int batch) {
    long[] seen = new long[length];
    long[] unshifted = new long[length];
    for (int step = 0; step < 4000; step++) {
      int[] counts = MaskCounts.systematic(length, batch, 11, step);
      int[] perSize = new int[length];
      for (int n : counts) {
        perSize[n - 1]++;
      }
      for (int n : perSize) {
        assertTrue(Math.abs(n - batch / (double) length) < 1 + 1e-9, Arrays.toString(perSize));
      }
      double u = KeyedRandom.uniform(17, step, 0, 0, KeyedRandom.Purpose.OTHER);
      int example = (int) (u * batch);
      seen[counts[example] - 1]++;
      unshifted[length * example / batch]++;
    }
    double[] uniform = new double[length];
    Arrays.fill(uniform, 1.0 / length);
    if (length > 1) {
      assertTrue(ChiSquare.pValue(uniform, seen) > 1e-4);
    }
    if (batch % length != 0) {
      assertTrue(ChiSquare.pValue(uniform, unshifted) < 1e-4);
    }
  }

  /** Step k of a plan has s_k of d chances, and what is then hidden is what is left. */
  @Test
  void planCountsAreThoseOfThePlan() {
    int[] sizes = {1, 3, 2};
    long[] seen = new long[7];
    for (int step = 0; step < 3000; step++) {
      for (int n : MaskCounts.ofPlan(sizes, 1, 13, step)) {
        seen[n]++;
      }
    }
    double[] law = {0, 0, 2.0 / 6, 0, 0, 3.0 / 6, 1.0 / 6};
    assertTrue(ChiSquare.pValue(law, seen) > 1e-4, Arrays.toString(seen));
    double[] reversed = {0, 2.0 / 6, 0, 0, 3.0 / 6, 0, 1.0 / 6}; // as if revealed first came last
    assertTrue(ChiSquare.pValue(reversed, seen) < 1e-4);
  }
}
