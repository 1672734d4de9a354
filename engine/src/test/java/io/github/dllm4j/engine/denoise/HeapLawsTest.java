package io.github.dllm4j.engine.denoise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class HeapLawsTest {
  private final HeapLaws laws = HeapLaws.of(new double[][] {{0.1, 0.6, 0, 0.3}, {0, 0.5, 0.5, 0}});

  @Test
  void readsProbabilities() {
    assertEquals(2, laws.rows());
    assertEquals(4, laws.vocabulary());
    assertArrayEquals(new double[] {0.3, 0.5}, laws.probabilityOf(new int[] {3, 2}));
    double[] logs = laws.logProbabilityOf(new int[] {2, 1});
    assertArrayEquals(new double[] {Double.NEGATIVE_INFINITY, Math.log(0.5)}, logs);
    assertArrayEquals(new double[] {0.6, 0.5}, laws.maxProbability());
    assertArrayEquals(new int[] {1, 1}, laws.argmax(), "the lowest among equals");
    double entropy = -0.1 * Math.log(0.1) - 0.6 * Math.log(0.6) - 0.3 * Math.log(0.3);
    assertArrayEquals(new double[] {entropy, Math.log(2)}, laws.entropyNats(), 1e-15);
  }

  @Test
  void drawsTheFirstIdWhoseCumulativeProbabilityExceedsTheUniform() {
    assertArrayEquals(new int[] {0, 1}, laws.draw(new double[] {0, 0}));
    assertArrayEquals(new int[] {0, 1}, laws.draw(new double[] {Math.nextDown(0.1), 0.49}));
    assertArrayEquals(new int[] {1, 2}, laws.draw(new double[] {0.1, 0.5}));
    double almostOne = Math.nextDown(1.0);
    assertArrayEquals(new int[] {3, 2}, laws.draw(new double[] {almostOne, almostOne}));
  }

  @Test
  void neverDrawsAnIdOfProbabilityZero() {
    // Ten times 0.1 sums to less than 1 in floating point.
    double[] tenths = {.1, .1, .1, .1, .1, .1, .1, .1, .1, .1, 0};
    HeapLaws rounded = HeapLaws.of(new double[][] {tenths});
    assertEquals(9, rounded.draw(new double[] {Math.nextDown(1.0)})[0]);
  }

  @Test
  void temperatureRaisesToThePower() {
    double[] cold = laws.shaped(0.5, 1).toArray()[0];
    assertArrayEquals(new double[] {0.01 / 0.46, 0.36 / 0.46, 0, 0.09 / 0.46}, cold, 1e-15);
    assertArrayEquals(laws.toArray()[0], laws.shaped(1, 1).toArray()[0]);
    double[] coldest = laws.shaped(1e-300, 1).toArray()[0];
    assertArrayEquals(new double[] {0, 1, 0, 0}, coldest);
  }

  @Test
  void nucleusKeepsTheCrossingToken() {
    assertArrayEquals(new double[] {0, 1, 0, 0}, laws.shaped(1, 0.6).toArray()[0]);
    double[] two = laws.shaped(1, 0.61).toArray()[0];
    assertArrayEquals(new double[] {0, 0.6 / 0.9, 0, 0.3 / 0.9}, two, 1e-15);
    assertArrayEquals(new double[] {0, 1, 0, 0}, laws.shaped(1, 0.5).toArray()[1], "lower id");
  }

  @Test
  void refusesWhatIsNoLaw() {
    assertThrows(IllegalArgumentException.class, () -> HeapLaws.of(new double[0][]));
    assertThrows(IllegalArgumentException.class, () -> HeapLaws.of(new double[][] {{0.5, 0.4}}));
    assertThrows(IllegalArgumentException.class, () -> HeapLaws.of(new double[][] {{1.5, -0.5}}));
    assertThrows(IllegalArgumentException.class, () -> HeapLaws.of(new double[][] {{1}, {1, 0}}));
    assertThrows(IllegalArgumentException.class, () -> laws.draw(new double[] {0.5}));
    for (double bad : new double[] {0, Double.NaN, Double.POSITIVE_INFINITY}) {
      double[] law = {0, bad};
      assertThrows(IllegalArgumentException.class, () -> HeapLaws.draw(law, 0.5));
    }
    assertThrows(IllegalArgumentException.class, () -> laws.shaped(0, 1));
    assertThrows(IllegalArgumentException.class, () -> laws.shaped(1, 0));
  }
}
