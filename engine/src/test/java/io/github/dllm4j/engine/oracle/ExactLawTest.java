package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ExactLaw.TreeEdge;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every law against the table of its own words, on every partly hidden word. */
class ExactLawTest {

  static Stream<String> names() {
    return Golden.file("distributions").propertyStream().map(Map.Entry::getKey);
  }

  @ParameterizedTest
  @MethodSource("names")
  void conditionalsAreThoseOfTheTable(String name) {
    ExactLaw law = Golden.law(name);
    double[] table = law.table();
    assertEquals(1, Arrays.stream(table).sum(), 1e-13);
    ExactLaw reference = ExactLaw.table(law.length(), law.symbols(), table);
    int[] word = new int[law.length()];
    do {
      double[][] expected = reference.conditionals(word);
      double[][] actual = law.conditionals(word);
      for (int i = 0; i < word.length; i++) {
        assertArrayEquals(expected[i], actual[i], 1e-13, name + Arrays.toString(word) + " at " + i);
      }
    } while (next(word, law.symbols()));
  }

  /** The next partly hidden word; false after the last. */
  private static boolean next(int[] word, int symbols) {
    for (int i = word.length - 1; i >= 0; i--) {
      if (word[i] < symbols) {
        word[i]++;
        return true;
      }
      word[i] = 0;
    }
    return false;
  }

  /**
   * False-alarm rate 1e-4 per law, seed 7; pooled so that every class expects at least 5. The wrong
   * twin has three times the weight on words that begin with 0.
   */
  @ParameterizedTest
  @MethodSource("names")
  void samplesFollowTheTable(String name) {
    ExactLaw law = Golden.law(name);
    double[] table = law.table();
    int n = 4000;
    long[] observed = new long[table.length];
    for (int s = 0; s < n; s++) {
      int index = 0;
      for (int token : law.sample(7, s)) {
        index = index * law.symbols() + token;
      }
      observed[index]++;
    }
    double p = ChiSquare.pValue(table, observed);
    assertTrue(p > 1e-4, name + ": p-value " + p);
    double[] wrong = table.clone();
    for (int x = 0; x < wrong.length / law.symbols(); x++) {
      wrong[x] *= 3;
    }
    double sum = Arrays.stream(wrong).sum();
    double broken = ChiSquare.pValue(Arrays.stream(wrong).map(w -> w / sum).toArray(), observed);
    assertTrue(broken < 1e-4, name + ": the wrong law passes with p-value " + broken);
  }

  @Test
  void hiddenMarkovDoesNotUnderflowOnLongWords() {
    double[][] stay = {{0.9, 0.1}, {0.1, 0.9}};
    double[][] emission = {{0.999999, 1e-6}, {1e-6, 0.999999}};
    ExactLaw law = ExactLaw.hiddenMarkov(3000, new double[] {0.5, 0.5}, stay, emission);
    int[] word = new int[3000]; // alternating tokens are very unlikely
    Arrays.setAll(word, i -> i % 2);
    word[1500] = 2;
    double[] middle = law.conditionals(word)[1500];
    assertEquals(1, middle[0] + middle[1], 1e-12);
    assertTrue(middle[1] > 0.01 && middle[1] < 0.99, "no signal: " + middle[1]);
  }

  @Test
  void refuseNonsense() {
    assertThrows(
        IllegalArgumentException.class, () -> ExactLaw.table(2, 2, new double[] {0.5, 0.5}));
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.latentParity(0, 1));
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.zeroSum(3, 1));
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.reedSolomon(4, 2, 6));
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.reedSolomon(6, 2, 5));
    assertThrows(
        IllegalArgumentException.class,
        () -> ExactLaw.markov(2, new double[] {0.5, 0.5}, new double[][] {{1, 0}, {0.5, 0.4}}));
    double[][] fields = {{1, 1}, {1, 1}, {1, 1}};
    TreeEdge edge = new TreeEdge(0, 1, new double[][] {{2, 1}, {1, 2}});
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.tree(fields, List.of(edge, edge)));
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.potts(3, 1, 1));
    ExactLaw law = ExactLaw.zeroSum(3, 2);
    assertThrows(IllegalArgumentException.class, () -> law.conditionals(new int[] {0, 3, 0}));
    assertThrows(IllegalArgumentException.class, () -> law.conditionals(new int[2]));
    assertThrows(IllegalArgumentException.class, () -> ExactLaw.zeroSum(30, 2).table());
  }
}
