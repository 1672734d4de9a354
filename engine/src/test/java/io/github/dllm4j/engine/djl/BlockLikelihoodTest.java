package io.github.dllm4j.engine.djl;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.loss.LikelihoodEstimator;
import io.github.dllm4j.engine.loss.LikelihoodEstimator.Claim;
import io.github.dllm4j.engine.loss.Passage;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Likelihoods of a small network in blocks against their definitions, enumerated. */
class BlockLikelihoodTest {
  private static final int SYMBOLS = 6; // ids below MASK
  private static final int TEXT = 3;

  private static BlockNetwork network(int block) {
    int positions = (TEXT + block) / block * block;
    NetworkShape shape = new NetworkShape(Tiny.VOCABULARY, 8, 2, 2, positions, 0, false);
    Network network = Tiny.network(new BlockShape(shape, block), Tiny.weights(shape, 11));
    return new BlockNetwork(network, Precision.FP32, Tiny.MASK, 0, true);
  }

  private static int[] text(int word) {
    return new int[] {word / 36, word / 6 % 6, word % 6};
  }

  /** The probabilities of all texts sum to one: it is a law of texts. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void chainRulesOfAllTextsMakeALaw(int block) {
    try (BlockNetwork network = network(block)) {
      LikelihoodEstimator chain = LikelihoodEstimator.chainRule(network, 3, 5);
      double sum =
          IntStream.range(0, SYMBOLS * SYMBOLS * SYMBOLS)
              .mapToDouble(word -> Math.exp(-chain.nats(Passage.of(text(word)), 2)))
              .sum();
      assertEquals(1, sum, 1e-6);
      assertEquals(block == 1 ? Claim.EXACT : Claim.EXACT_ALONG_AN_ORDER, chain.claim());
    }
  }

  @Test
  void blocksOfOneTokenAreExact() {
    try (BlockNetwork network = network(1)) {
      int[] text = {4, 1, 3};
      double nats = 0;
      for (int i = 0; i < TEXT; i++) {
        nats += loss(network, text, 1 << i, i);
      }
      LikelihoodEstimator nelbo = LikelihoodEstimator.nelbo(network, 16, 32, 1);
      assertEquals(nats, nelbo.nats(Passage.of(text), 0), 1e-5);
      assertEquals(
          nats, LikelihoodEstimator.chainRule(network, 32, 1).nats(Passage.of(text), 0), 1e-5);
      assertEquals(Claim.EXACT, nelbo.claim());
    }
  }

  /** -ln p of a token with the positions of a set masked. */
  private static double loss(BlockNetwork network, int[] text, int set, int position) {
    int[] noisy = text.clone();
    for (int i = 0; i < TEXT; i++) {
      noisy[i] = (set >> i & 1) == 1 ? Tiny.MASK : noisy[i];
    }
    TokenBatch batch = TokenBatch.of(TEXT, noisy, new double[1]);
    try (TokenLaws laws = network.predict(batch, Rows.of(new int[] {position}))) {
      return -laws.logProbabilityOf(new int[] {text[position]})[0];
    }
  }

  /**
   * The bound by its definition: of each block the mean over sizes and sets of (d / n) CE; or, the
   * wrong twin, with the blocks before masked, too.
   */
  private static double bound(BlockNetwork network, int[] text, int given, boolean behindClean) {
    double nats = 0;
    for (int block = 0; block <= network.blocks().of(TEXT - 1); block++) {
      int from = Math.max(given, network.blocks().from(block));
      int d = network.blocks().to(block, TEXT) - from;
      for (int n = 1; n <= d; n++) {
        int size = n;
        int[] sets =
            IntStream.range(1, 1 << d).filter(set -> Integer.bitCount(set) == size).toArray();
        for (int set : sets) {
          for (int i = 0; i < d; i++) {
            if ((set >> i & 1) == 1) {
              int masked = set << from | (behindClean ? 0 : (1 << from) - 1);
              nats += loss(network, text, masked, from + i) / n / sets.length;
            }
          }
        }
      }
    }
    return nats;
  }

  /** Over 4,000 noisy versions, four standard errors: false alarm 6e-5 per case. */
  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void theBoundIsTheMeanOverMasks(int block) {
    try (BlockNetwork network = network(block)) {
      int[] text = {4, 1, 3};
      for (int given = 0; given < 2; given++) {
        LikelihoodEstimator nelbo = LikelihoodEstimator.nelbo(network, 4, 3, 9);
        Passage passage = new Passage(text, given);
        Estimate mean =
            Estimate.of(
                IntStream.range(0, 1_000).mapToDouble(i -> nelbo.nats(passage, i)).toArray());
        double error = 4 * mean.standardError();
        assertTrue(mean.standardError() > 0 || given > 0, "masks vary: " + mean);
        assertEquals(bound(network, text, given, true), mean.mean(), error + 1e-5);
        double wrong = bound(network, text, given, false);
        assertTrue(block == 4 || Math.abs(wrong - mean.mean()) > 2 * error, wrong + ", " + mean);
        assertEquals(Claim.BOUND, nelbo.claim());
      }
    }
  }

  @Test
  void ordersOfWholeTextsAreRefused() {
    try (BlockNetwork network = network(2)) {
      String says = "take nelbo or chain-rule";
      assertTrue(
          message(
                  IllegalArgumentException.class,
                  () -> LikelihoodEstimator.steps(network, "2", d -> SizePlan.balanced(d, 2), 1, 0))
              .contains(says));
      assertTrue(
          message(
                  IllegalArgumentException.class,
                  () ->
                      LikelihoodEstimator.samples(
                          network, 2, "2", d -> SizePlan.balanced(d, 2), 1, 0))
              .contains(says));
    }
  }
}
