package io.github.dllm4j.eval.metrics;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The definitions of variety, by hand. */
class DiversityTest {
  private static final int[] BABA = {1, 0, 1, 0, 1, 0};

  @Test
  void theUnigramEntropyIsThatOfTheFrequenciesWithinASequence() {
    assertEquals(Math.log(2), Diversity.unigramEntropy(BABA), 1e-15);
    assertEquals(
        -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25),
        Diversity.unigramEntropy(new int[] {7, 7, 7, 9}),
        1e-15);
    assertEquals(0, Diversity.unigramEntropy(new int[] {5, 5}), 0);
    assertEquals(0, Diversity.unigramEntropy(new int[0]), 0);
  }

  /** Six tokens: 2 of 6 tokens, 2 of 5 pairs, 2 of 4 triples, 2 of 3 fours are different. */
  @Test
  void distinctIsTheShareOfDifferentGrams() {
    assertEquals(2 / 6.0, Diversity.distinct(BABA, 1), 1e-15);
    assertEquals(2 / 5.0, Diversity.distinct(BABA, 2), 1e-15);
    assertEquals(2 / 4.0, Diversity.distinct(BABA, 3), 1e-15);
    assertEquals(1 / 3.0, Diversity.repetition(BABA, 4), 1e-15);
    assertEquals(1, Diversity.distinct(new int[] {1, 2, 3}, 3), 0);
    assertTrue(Double.isNaN(Diversity.distinct(new int[] {1, 2, 3}, 4)));
    assertTrue(Double.isNaN(Diversity.repetition(new int[0], 1)));
  }

  /** The pairs of (1 2 3) are (1 2), (2 3); another sequence holds the second. */
  @Test
  void sharedIsWhatAnotherSequenceHoldsToo() {
    List<int[]> sequences =
        List.of(new int[] {1, 2, 3}, new int[] {2, 3, 2, 3}, new int[] {4, 4, 4}, new int[] {4});
    double[] shared = Diversity.shared(sequences, 2);
    assertArrayEquals(
        new double[] {1 / 2.0, 2 / 3.0, 0, Double.NaN},
        shared,
        1e-15,
        "repeating alone is no share");
    int[] same = {1, 2, 3, 4, 5};
    assertArrayEquals(new double[] {1, 1}, Diversity.shared(List.of(same, same.clone()), 4), 0);
  }
}
