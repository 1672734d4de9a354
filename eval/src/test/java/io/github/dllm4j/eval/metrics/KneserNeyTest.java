package io.github.dllm4j.eval.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KneserNeyTest {

  private static KneserNey trained(int order, int vocabulary, int... text) {
    KneserNey model = new KneserNey(order, vocabulary);
    for (int symbol : text) {
      model.learn(symbol);
    }
    return model;
  }

  /** After any history the probabilities of all symbols sum to one, seen or not. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void probabilitiesSumToOne(int order) {
    SplittableRandom random = new SplittableRandom(order);
    int[] text = random.ints(500, 0, 6).map(x -> x * x / 6).toArray();
    for (int history = 0; history < 20; history++) {
      int[] tail = random.ints(order, 0, 7).toArray();
      double sum = 0;
      for (int symbol = 0; symbol < 7; symbol++) {
        KneserNey model = trained(order, 7, text);
        for (int seen : tail) {
          model.probability(seen);
        }
        sum += model.probability(symbol);
      }
      assertEquals(1, sum, 1e-12);
    }
  }

  /**
   * By hand: text 0 0 0 1 2 as a unigram: counts 3, 1, 1; n1 = 2, n2 = 0, so Y = 1 and D1 = 1, D3 =
   * 3.
   */
  @Test
  void theUnigramByHand() {
    // D1 = 1 - 2 * 1 * 0 / 2 = 1; D3 = 3 - 4 * 1 * n4 / n3 = 3 - 0 = 3.
    // p(0) = (3 - 3) / 5 + (1 + 1 + 3) / 5 * 1/4 = 1/4; everything is freed: the uniform law.
    assertEquals(0.25, trained(1, 4, 0, 0, 0, 1, 2).probability(0), 1e-15);
    assertEquals(0.25, trained(1, 4, 0, 0, 0, 1, 2).probability(3), 1e-15);
    // 0 0 1 1 2 3: n1 = 2, n2 = 2, Y = 1/3, D1 = 1 - 2/3 * 2/2 = 1/3, D2 = 2 - 0 = 2.
    // p(2) = (1 - 1/3) / 6 + (2 * 1/3 + 2 * 2) / 6 * 1/5 = 1/9 + 7/45
    assertEquals(1 / 9.0 + 7 / 45.0, trained(1, 5, 0, 0, 1, 1, 2, 3).probability(2), 1e-15);
  }

  /**
   * By hand from the class's formulas: text 2 3 2 3 2 3 4 1 4 2 4, in which "nothing" stands before
   * the first 2.
   *
   * <pre>
   * bigrams   23 three times, 32 twice, once nothing-2, 34, 41, 14, 42, 24: n = 6, 1, 1, 0
   *           Y = 6 / (6 + 2) = 3/4, D1 = 1 - 2 3/4 1/6 = 3/4
   * left of   2: nothing, 3, 4; 3: 2; 4: 3, 1, 2; 1: 4: counts 3, 1, 3, 1 of 8: n = 2, 0, 2, 0
   *           Y = 1, D1 = 1, D3 = 3: all is freed, p_1 = 1/5
   * after 4   1 and 2, once each: p(1) = (1 - 3/4) / 2 + (2 3/4) / 2 1/5 = 1/8 + 3/20 = 11/40
   * </pre>
   *
   * <p>The wrong twin takes raw counts below the bigrams: 4, 3, 3, 1 of 11, n = 1, 0, 2, 1, Y = 1,
   * D1 = 1, D3 = 3 - 4 1/2 = 1, p_1(1) = 0 + (1 + 3) / 11 1/5 = 4/55, p(1) = 1/8 + 3/55.
   */
  @Test
  void theBigramByHand() {
    double p = trained(2, 5, 2, 3, 2, 3, 2, 3, 4, 1, 4, 2, 4).probability(1);
    assertEquals(11 / 40.0, p, 1e-15);
    assertTrue(Math.abs(1 / 8.0 + 3 / 55.0 - p) > 0.09, "raw counts");
  }

  /**
   * The same in fractions by another program written from the formulas. All discounts but D1 come
   * to their limits: n = 0, 2, 1, 1 of symbols (D 1/2, 2, 3), 8, 1, 1, 1 of pairs (4/5, 1/2, 1/2),
   * 13, 2, 1, 1 of trigrams (13/17, 29/34, 1/2). With raw counts below them 1 has 1873/2720.
   */
  @Test
  void theTrigramInFractions() {
    int[] text = {1, 2, 3, 1, 2, 4, 1, 2, 3, 3, 1, 2, 3, 4, 2, 3, 1, 1, 2, 4, 3, 1, 2, 3};
    double[] expected = {
      12207 / 18700.0, 1701 / 37400.0, 599 / 4675.0, 599 / 4675.0, 1701 / 37400.0
    };
    for (int symbol = 1; symbol <= 5; symbol++) {
      double p = trained(3, 5, text).probability(symbol);
      assertEquals(expected[symbol - 1], p, 1e-15, "symbol " + symbol);
    }
  }

  /** Symbols are only names: with others the law is the same, as no symbol stands before a text. */
  @Test
  void theLawDoesNotDependOnNames() {
    int[] text = {0, 1, 0, 0, 1, 2, 0, 1, 1, 2, 0, 2, 1};
    int[] renamed = IntStream.of(text).map(symbol -> symbol + 5).toArray();
    for (int order = 1; order <= 4; order++) {
      for (int symbol = 0; symbol < 4; symbol++) {
        assertEquals(
            trained(order, 4, text).probability(symbol),
            trained(order, 4, renamed).probability(symbol + 5),
            0,
            "order " + order + " symbol " + symbol);
      }
    }
  }

  /** Where every follower has been seen often, no discount can be estimated: still none is 0. */
  @Test
  void whatWasNeverSeenIsNotImpossible() {
    int[] text = IntStream.range(0, 400).map(i -> i % 3).toArray();
    for (int order = 1; order <= 4; order++) {
      double sum = 0;
      for (int symbol = 0; symbol < 5; symbol++) {
        double p = trained(order, 5, text).probability(symbol);
        assertTrue(p > 0, "order " + order + " symbol " + symbol);
        sum += p;
      }
      assertEquals(1, sum, 1e-12);
    }
  }

  /**
   * On a Markov chain a bigram model's loss tends to the entropy rate, and a unigram's to its
   * entropy.
   */
  @Test
  void theLossTendsToTheEntropyRate() {
    double stay = 0.9;
    SplittableRandom random = new SplittableRandom(5);
    int length = 200_000;
    int[] text = new int[2 * length];
    for (int i = 1; i < text.length; i++) {
      text[i] = random.nextDouble() < stay ? text[i - 1] : 1 - text[i - 1];
    }
    double rate = -stay * Math.log(stay) - (1 - stay) * Math.log(1 - stay);
    for (int order : new int[] {1, 2, 4}) {
      KneserNey model = new KneserNey(order, 2);
      for (int i = 0; i < length; i++) {
        model.learn(text[i]);
      }
      double loss = 0;
      for (int i = length; i < 2 * length; i++) {
        loss -= Math.log(model.probability(text[i]));
      }
      // Standard deviation of one term 0.66 nats; of the mean, with the chain's correlation, below
      // 0.004.
      assertEquals(order == 1 ? Math.log(2) : rate, loss / length, 0.016, "order " + order);
    }
  }

  @Test
  void impossibleOrdersAndLateLearningAreRefused() {
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new KneserNey(0, 2))
            .toString()
            .contains("got 0"));
    assertThrows(IllegalArgumentException.class, () -> new KneserNey(17, 2));
    assertThrows(IllegalArgumentException.class, () -> new KneserNey(2, 0));
    KneserNey model = trained(2, 2, 0, 1);
    model.probability(0);
    assertThrows(IllegalStateException.class, () -> model.learn(1));
  }
}
