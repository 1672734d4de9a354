package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.train.MaskCounts;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the training losses estimate (spec K4 and section 6): with h(j) the network's cross-entropy
 * given j revealed tokens, known by enumeration, the bound's loss is sum_j h(j) / d, and that of a
 * size plan sum_k s_k h(N_k) / d.
 */
class ObjectiveTest {
  private static final int LENGTH = 4;
  private static final int MASK = 3;
  private static final NetworkShape SHAPE = new NetworkShape(4, 8, 1, 2, LENGTH, 0, false);
  private static final ExactLaw LAW =
      ExactLaw.markov(
          LENGTH,
          new double[] {0.5, 0.3, 0.2},
          new double[][] {{0.8, 0.15, 0.05}, {0.1, 0.7, 0.2}, {0.3, 0.1, 0.6}});

  private static Network network() {
    return Tiny.network(SHAPE, Tiny.weights(SHAPE, 3));
  }

  /** h(j) over all words and all masks, in one network call, [d]. */
  private static double[] curve() {
    int words = 81;
    int masks = 15;
    int[] tokens = new int[words * masks * LENGTH];
    int[] clean = new int[tokens.length];
    double[] weight = new double[tokens.length];
    double[] law = LAW.table();
    for (int w = 0; w < words; w++) {
      int[] word = {w / 27, w / 9 % 3, w / 3 % 3, w % 3};
      for (int m = 1; m <= masks; m++) {
        int hidden = Integer.bitCount(m);
        int sets = new int[] {1, 4, 6, 4, 1}[hidden];
        for (int i = 0; i < LENGTH; i++) {
          int at = ((w * masks) + m - 1) * LENGTH + i;
          clean[at] = word[i];
          tokens[at] = (m >> i & 1) == 1 ? MASK : word[i];
          weight[at] = law[w] / sets / hidden;
        }
      }
    }
    TokenBatch batch = TokenBatch.of(LENGTH, tokens, new double[words * masks]);
    double[] h = new double[LENGTH];
    try (TransformerDenoiser denoiser =
            TransformerDenoiser.owning(network(), Precision.FP32, MASK, Representation.DENOISER);
        TokenLaws laws = denoiser.predict(batch, Rows.all(batch))) {
      double[] logs = laws.logProbabilityOf(clean);
      for (int at = 0; at < tokens.length; at++) {
        if (tokens[at] == MASK) {
          int hidden = Integer.bitCount(at / LENGTH % masks + 1);
          h[LENGTH - hidden] -= weight[at] * logs[at];
        }
      }
    }
    return h;
  }

  /** The mean loss of 150 batches of 16 fresh words. */
  private static Estimate meanLoss(boolean plan, int[] sizes) {
    double[] losses = new double[150];
    try (Network network = network()) {
      network.learn();
      TrainingLoss loss = new TrainingLoss(network, Precision.FP32, MASK, Objective.ELBO, 0);
      for (int step = 0; step < losses.length; step++) {
        int[][] blocks = new int[16][];
        for (int b = 0; b < blocks.length; b++) {
          blocks[b] = LAW.sample(8, 16 * step + b);
        }
        int[] counts =
            plan
                ? MaskCounts.ofPlan(sizes, 16, 8, step)
                : MaskCounts.systematic(LENGTH, 16, 8, step);
        try (NDManager m = network.manager().newSubManager()) {
          losses[step] =
              loss.backward(m, NoisyBatch.masked(blocks, counts, MASK, 8, step, 0), false);
        }
      }
    }
    return Estimate.of(losses);
  }

  @Test
  void theBoundSumsTheCurve() {
    double expected = Arrays.stream(curve()).sum() / LENGTH;
    Estimate loss = meanLoss(false, new int[0]);
    assertEquals(expected, loss.mean(), 4 * loss.standardError());
    assertTrue(loss.standardError() < 0.03 * expected, "se " + loss.standardError());
  }

  @ParameterizedTest
  @CsvSource({"4, 0", "1, 3", "3, 1", "2, 2"})
  void thePlanSumsTheCurveAtItsSteps(int first, int second) {
    double[] h = curve();
    double expected = (first * h[0] + (second == 0 ? 0 : second * h[first])) / LENGTH;
    int[] sizes = second == 0 ? new int[] {first} : new int[] {first, second};
    Estimate loss = meanLoss(true, sizes);
    assertEquals(expected, loss.mean(), 4 * loss.standardError());
    double bound = Arrays.stream(h).sum() / LENGTH;
    assertTrue(Math.abs(expected - bound) > 4 * loss.standardError(), "the test sees a difference");
  }
}
