package io.github.dllm4j.engine.djl;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.info.BlockCurve;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.loss.LikelihoodEstimator;
import io.github.dllm4j.engine.loss.Passage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The curve of a block of a small network against what it is made of. */
class BlockCurveTest {
  private static final int BLOCK = 4;
  private static final int TEXT = 15; // BEGIN and 3, then three whole blocks

  private static BlockNetwork network() {
    NetworkShape shape = new NetworkShape(Tiny.VOCABULARY, 8, 2, 2, TEXT + 1, 0, false);
    Network network = Tiny.network(new BlockShape(shape, BLOCK), Tiny.weights(shape, 11));
    return new BlockNetwork(network, Precision.FP32, Tiny.MASK, 0, true);
  }

  private static List<int[]> texts(int count) {
    Random random = new Random(4);
    List<int[]> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add(random.ints(TEXT, 0, Tiny.MASK).toArray());
    }
    return texts;
  }

  /** h(0): every token of every whole block behind the clean text, its own block masked. */
  @Test
  void nothingKnownIsTheMeanOverTheTokensOfAllBlocks() {
    try (BlockNetwork network = network()) {
      List<int[]> texts = texts(2);
      CurveStudy study = BlockCurve.of(network, texts.iterator(), CurveNodes.all(BLOCK), 3, 1);
      // 4, 3, 2 and 1 tokens of a block were hidden, once each.
      double[] seen = {1.6, 1.2, 0.8, 0.4};
      assertArrayEquals(seen, study.crossEntropy().weights(), 1e-15);
      assertArrayEquals(seen, study.entropy().weights(), 1e-15);
      Blocks blocks = network.blocks();
      for (int t = 0; t < 2; t++) {
        double nats = 0;
        double entropy = 0;
        for (int block = 1; block < 4; block++) {
          int[] noisy = texts.get(t).clone();
          int from = blocks.from(block);
          int[] rows = new int[BLOCK];
          int[] targets = new int[BLOCK];
          for (int i = 0; i < BLOCK; i++) {
            noisy[from + i] = Tiny.MASK;
            rows[i] = from + i;
            targets[i] = texts.get(t)[from + i];
          }
          TokenBatch batch = TokenBatch.of(TEXT, noisy, new double[1]);
          try (TokenLaws laws = network.predict(batch, Rows.of(rows))) {
            for (int i = 0; i < BLOCK; i++) {
              nats -= laws.logProbabilityOf(targets)[i] / 12;
              entropy += laws.entropyNats()[i] / 12;
            }
          }
        }
        assertEquals(nats, study.crossEntropy().values().get(t)[0], 1e-5);
        assertEquals(entropy, study.entropy().values().get(t)[0], 1e-5);
      }
      assertEquals(2 * (4 + 2), study.evaluations());
    }
  }

  /**
   * The sum over j of h(j) is what a block costs token by token: the chain rule's mean of the whole
   * blocks, given the first. Same texts, other orders: four standard errors of the difference,
   * false alarm 6e-5; h(0) four times, a plan of one step, is far off.
   */
  @Test
  void theSumIsTheChainRule() {
    try (BlockNetwork network = network()) {
      List<int[]> texts = texts(400);
      CurveStudy study = BlockCurve.of(network, texts.iterator(), CurveNodes.all(BLOCK), 8, 1);
      LikelihoodEstimator chain = LikelihoodEstimator.chainRule(network, 8, 77);
      double[] off = new double[texts.size()];
      double[] wrong = new double[texts.size()];
      for (int t = 0; t < off.length; t++) {
        double[] h = study.crossEntropy().values().get(t);
        double nats = chain.nats(new Passage(texts.get(t), 3), t) / 3;
        off[t] = h[0] + h[1] + h[2] + h[3] - nats;
        wrong[t] = 4 * h[0] - nats;
      }
      Estimate difference = Estimate.of(off);
      assertEquals(0, difference.mean(), 4 * difference.standardError());
      Estimate twin = Estimate.of(wrong);
      assertTrue(Math.abs(twin.mean()) > 4 * twin.standardError(), twin.toString());
    }
  }

  @Test
  void textsWithoutAWholeBlockAreRefused() {
    try (BlockNetwork network = network()) {
      String says =
          message(
              IllegalArgumentException.class,
              () ->
                  BlockCurve.of(
                      network,
                      List.of(new int[6], new int[6]).iterator(),
                      CurveNodes.all(BLOCK),
                      1,
                      0));
      assertEquals("a text of 6 tokens has no whole block of 4", says);
    }
  }
}
