package io.github.dllm4j.eval.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.dllm4j.eval.metrics.Judge.Judgement;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Both definitions on a toy of two tokens, by hand: to the judge a has probability 1/4 and b 1/2,
 * independently, so aa has perplexity 4, abbb 2^(5/4), b 2.
 */
class GenerativePerplexityTest {
  private static final List<String> TEXTS = List.of("aa", "abbb", "", "b");

  /** Judges chars on their own. */
  private static final Judge TOY =
      new Judge() {
        @Override
        public String name() {
          return "toy";
        }

        @Override
        public String unit() {
          return "letters";
        }

        @Override
        public List<Judgement> judge(List<String> texts) {
          return texts.stream()
              .map(
                  text ->
                      new Judgement(
                          text.chars().mapToDouble(c -> Math.log(c == 'a' ? 4 : 2)).sum(),
                          text.length()))
              .toList();
        }

        @Override
        public double unigramEntropy() {
          return 0;
        }
      };

  @Test
  void bothDefinitionsByHand() {
    GenerativePerplexity judged = GenerativePerplexity.of(TOY, TEXTS);
    // 2 + 1 letters a of 2 bits, 3 + 1 letters b of 1 bit: 10 bits in 7 letters.
    assertEquals(Math.pow(2, 10 / 7.0), Math.exp(judged.natsPerToken().mean()), 1e-12);
    assertEquals((4 + Math.pow(2, 5 / 4.0) + 2) / 3, judged.meanOfSequences().mean(), 1e-12);
    assertEquals(10 / 7.0, judged.natsPerCharacter().mean() / Math.log(2), 1e-12);
    assertEquals(3, judged.judged());
    assertEquals(7, judged.tokens());
    assertEquals(7, judged.characters());
  }

  /** Deviations from 10/7 bits: 4 - 20/7, 5 - 40/7, 1 - 10/7; the error of a ratio of means. */
  @Test
  void theErrorIsThatOfARatio() {
    double[] deviations = {4 - 20 / 7.0, 5 - 40 / 7.0, 1 - 10 / 7.0};
    double squares = 0;
    for (double deviation : deviations) {
      squares += deviation * deviation;
    }
    GenerativePerplexity judged = GenerativePerplexity.of(TOY, TEXTS);
    assertEquals(
        Math.log(2) * Math.sqrt(3 / 2.0 * squares) / 7,
        judged.natsPerToken().standardError(),
        1e-12);
    assertEquals(3, judged.natsPerToken().count());
  }

  /** One bad sequence of two moves the second definition more than the first. */
  @Test
  void theMeanOfSequencesFollowsTheWorst() {
    List<Judgement> judgements =
        List.of(new Judgement(Math.log(2), 1), new Judgement(Math.log(2048), 1));
    GenerativePerplexity judged = GenerativePerplexity.of(judgements, new int[] {1, 1});
    assertEquals(64, Math.exp(judged.natsPerToken().mean()), 1e-9);
    assertEquals(1025, judged.meanOfSequences().mean(), 1e-9);
  }

  @Test
  void charactersAreCodePoints() {
    GenerativePerplexity judged = GenerativePerplexity.of(TOY, List.of("\uD83D\uDE00", "a"));
    assertEquals(2, judged.characters());
    assertEquals(3, judged.tokens());
  }

  @Test
  void textsWithoutATokenHaveNoPerplexity() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> GenerativePerplexity.of(TOY, List.of("", "")));
    assertEquals("no text has a token to judge", refused.getMessage());
  }
}
