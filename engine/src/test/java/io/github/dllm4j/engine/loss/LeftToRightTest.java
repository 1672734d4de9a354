package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.sample.ChainReader;
import io.github.dllm4j.engine.train.Refusal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LeftToRightTest {
  private static final ExactLaw LAW =
      ExactLaw.markov(3, new double[] {0.5, 0.5}, new double[][] {{0.75, 0.25}, {0.125, 0.875}});

  /** Two words by hand: ln p(000) = ln(1/2 9/16), ln p(011) = ln(1/2 1/4 7/8). */
  @Test
  void isTheMeanOfTheLogProbabilities() {
    List<int[]> blocks = List.of(new int[] {0, 0, 0}, new int[] {0, 1, 1});
    double first = -Math.log(9 / 32.0) / 3;
    double second = -Math.log(7 / 64.0) / 3;
    LikelihoodBound exact = bound(blocks);
    assertEquals((first + second) / 2, exact.natsPerToken(), 1e-12);
    assertEquals(Math.abs(second - first) / 2, exact.standardError(), 1e-12);
    assertEquals(2, exact.blocks());
    assertEquals(6, exact.tokens());
  }

  /**
   * Perplexity of a law on its own samples: its entropy, to four standard errors, seed 3, rate
   * below 1e-4. The wrong twin is a law that forgets more from token to token.
   */
  @Test
  void isTheEntropyOnTheLawsOwnSamples() {
    List<int[]> blocks = new ArrayList<>();
    for (int s = 0; s < 4000; s++) {
      blocks.add(LAW.sample(3, s));
    }
    LikelihoodBound exact = bound(blocks);
    double entropy = LAW.curve().orElseThrow().entropy() / 3;
    assertTrue(Math.abs(exact.natsPerToken() - entropy) < 4 * exact.standardError());
    double[][] forgetful = {{0.5, 0.5}, {0.25, 0.75}};
    LikelihoodBound wrong = bound(ExactLaw.markov(3, new double[] {0.5, 0.5}, forgetful), blocks);
    assertTrue(wrong.natsPerToken() - entropy > 4 * wrong.standardError());
  }

  /** Given tokens are seen and not scored: ln p(1 1 | 0) = ln(1/4 7/8). */
  @Test
  void givenTokensAreNotScored() {
    LikelihoodEstimator exact = LikelihoodEstimator.leftToRight(new ChainReader(LAW));
    assertEquals(-Math.log(7 / 32.0), exact.nats(new Passage(new int[] {0, 1, 1}, 1), 0), 1e-12);
  }

  @Test
  void refusesWhatHasNoMean() {
    assertEquals("the text is shorter than one block", refusal(List.of()));
    assertEquals("a passage must have at most 3 tokens, got 4", refusal(List.of(new int[4])));
  }

  private static String refusal(List<int[]> blocks) {
    return Refusal.message(IllegalArgumentException.class, () -> bound(blocks));
  }

  private static LikelihoodBound bound(List<int[]> blocks) {
    return bound(LAW, blocks);
  }

  private static LikelihoodBound bound(ExactLaw law, List<int[]> blocks) {
    return LikelihoodBound.ofBlocks(
        LikelihoodEstimator.leftToRight(new ChainReader(law)), blocks.iterator());
  }
}
