package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.train.Refusal;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With a perfect denoiser the bound is the entropy. */
class LikelihoodBoundTest {
  private static final int LENGTH = 6;
  private static final ExactLaw LAW =
      ExactLaw.markov(
          LENGTH,
          new double[] {0.5, 0.3, 0.2},
          new double[][] {{0.8, 0.15, 0.05}, {0.1, 0.7, 0.2}, {0.3, 0.1, 0.6}});

  private static Iterator<int[]> words(int from, int count) {
    return IntStream.range(from, from + count).mapToObj(i -> LAW.sample(99, i)).iterator();
  }

  private static double entropyPerToken() {
    return LAW.curve().orElseThrow().entropy() / LENGTH;
  }

  /**
   * Seed 7, four standard errors: rate below 1e-4. The wrong twin is a denoiser that takes the
   * tokens for independent.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 6, 16})
  void isTheEntropyOnAverage(int counts) {
    double[] start = {0.5, 0.3, 0.2};
    ExactLaw independent = ExactLaw.markov(LENGTH, start, new double[][] {start, start, start});
    try (Denoiser wrong = new OracleDenoiser(independent)) {
      LikelihoodBound bound = LikelihoodBound.estimate(wrong, words(0, 3000), counts, 32, 7);
      double error = bound.natsPerToken() - entropyPerToken();
      assertTrue(error > 4 * bound.standardError(), error + " +- " + bound.standardError());
    }
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      LikelihoodBound bound = LikelihoodBound.estimate(oracle, words(0, 3000), counts, 32, 7);
      double error = bound.natsPerToken() - entropyPerToken();
      assertTrue(
          Math.abs(error) < 4 * bound.standardError(), error + " +- " + bound.standardError());
      assertTrue(bound.standardError() < 0.02, "se " + bound.standardError());
      assertEquals(3000, bound.blocks());
      assertEquals(18_000, bound.tokens());
      assertEquals(Math.exp(bound.natsPerToken()), bound.perplexity());
    }
  }

  /** A block's masks depend on the block alone: any batch gives the same bits, up to sums. */
  @ParameterizedTest
  @CsvSource({"4, 1", "4, 3", "4, 4", "4, 7", "4, 64", "5, 12", "16, 5"})
  void theBatchChangesNothing(int counts, int batch) {
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      LikelihoodBound expected = LikelihoodBound.estimate(oracle, words(0, 21), counts, 1000, 7);
      LikelihoodBound actual = LikelihoodBound.estimate(oracle, words(0, 21), counts, batch, 7);
      assertEquals(expected.natsPerToken(), actual.natsPerToken(), 1e-14);
      assertEquals(expected.standardError(), actual.standardError(), 1e-14);
    }
  }

  /**
   * 150 bounds over 40 fresh blocks each: their spread is what each says of itself. The spread's
   * relative error is 1/sqrt(300) = 6 %; four of these are allowed.
   */
  @Test
  void theStandardErrorIsHonest() {
    double[] means = new double[150];
    double[] errors = new double[means.length];
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      for (int i = 0; i < means.length; i++) {
        LikelihoodBound bound = LikelihoodBound.estimate(oracle, words(40 * i, 40), 2, 80, i);
        means[i] = bound.natsPerToken();
        errors[i] = bound.standardError();
      }
    }
    double spread = Estimate.of(means).standardError() * Math.sqrt(means.length);
    double claimed = Math.sqrt(Arrays.stream(errors).map(e -> e * e).average().orElseThrow());
    assertEquals(1, claimed / spread, 4 / Math.sqrt(2.0 * means.length));
  }

  /** With one count per size of mask there is no luck in the sizes: less spread than with one. */
  @Test
  void moreCountsMeanLessNoise() {
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      double one = LikelihoodBound.estimate(oracle, words(0, 500), 1, 100, 7).standardError();
      double all = LikelihoodBound.estimate(oracle, words(0, 500), 6, 100, 7).standardError();
      assertTrue(all < 0.8 * one, all + " against " + one);
    }
  }

  @Test
  void anImpossibleTokenMakesTheBoundInfinite() {
    ExactLaw parity = ExactLaw.zeroSum(3, 2);
    try (Denoiser oracle = new OracleDenoiser(parity)) {
      List<int[]> odd = List.of(new int[] {1, 0, 0});
      LikelihoodBound bound = LikelihoodBound.estimate(oracle, odd.iterator(), 3, 3, 7);
      assertEquals(Double.POSITIVE_INFINITY, bound.natsPerToken());
      assertEquals(Double.NaN, bound.standardError());
    }
  }

  @Test
  void refusesWhatItCannotBound() {
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      refuses("the text is shorter than one block", oracle, List.of(), 1, 1);
      List<int[]> one = List.of(new int[LENGTH]);
      refuses("counts and batch must be at least 1, got 0 and 1", oracle, one, 0, 1);
      refuses("counts and batch must be at least 1, got 1 and 0", oracle, one, 1, 0);
    }
  }

  private static void refuses(
      String message, Denoiser denoiser, List<int[]> blocks, int counts, int batch) {
    assertEquals(
        message,
        Refusal.message(
            IllegalArgumentException.class,
            () -> LikelihoodBound.estimate(denoiser, blocks.iterator(), counts, batch, 7)));
  }
}
