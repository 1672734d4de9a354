package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.train.Refusal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each estimator against closed forms on a Markov source. Statistical tests allow 3.89 standard
 * errors: a false alarm with probability 1e-4 each.
 */
class LikelihoodEstimatorTest {
  private static final double QUANTILE = 3.89;
  private static final int LENGTH = 6;
  private static final double[][] TRANSITION = {
    {0.8, 0.15, 0.05}, {0.1, 0.7, 0.2}, {0.3, 0.1, 0.6}
  };
  private static final double[] STATIONARY = stationary();
  private static final ExactLaw LAW = markov(LENGTH);
  private static final ExactLaw WRONG = new Blurred(LAW, 0.9, 0.05, 0.8, 0.02, 0.7, 0.01);
  private static final Denoiser ORACLE = new RememberedDenoiser(new OracleDenoiser(LAW));
  private static final Denoiser MODEL = new RememberedDenoiser(new OracleDenoiser(WRONG));
  private static final List<int[]> WORDS =
      IntStream.range(0, 1000).mapToObj(i -> LAW.sample(99, i)).toList();

  private static SizePlan ones(int tokens) {
    return SizePlan.balanced(tokens, tokens);
  }

  private static SizePlan two(int tokens) {
    return SizePlan.balanced(tokens, 2);
  }

  private static ExactLaw markov(int length) {
    return ExactLaw.markov(length, STATIONARY, TRANSITION);
  }

  private static double[] stationary() {
    double[] law = {1, 0, 0};
    for (int n = 0; n < 500; n++) {
      double[] next = new double[3];
      for (int to = 0; to < 3; to++) {
        for (int from = 0; from < 3; from++) {
          next[to] += law[from] * TRANSITION[from][to];
        }
      }
      law = next;
    }
    return law;
  }

  /** Oracles of every length, as a network is one for every length up to its own. */
  private record AnyLength(boolean masking, Map<Integer, Denoiser> oracles) implements Denoiser {

    AnyLength(boolean masking) {
      this(masking, new HashMap<>());
    }

    @Override
    public int vocabulary() {
      return masking ? 4 : 3;
    }

    @Override
    public OptionalInt mask() {
      return masking ? OptionalInt.of(3) : OptionalInt.empty();
    }

    @Override
    public Representation representation() {
      return masking ? Representation.DENOISER : Representation.LEAVE_ONE_OUT;
    }

    @Override
    public TokenLaws predict(TokenBatch batch, Rows rows) {
      return oracles.computeIfAbsent(batch.length(), this::oracle).predict(batch, rows);
    }

    private Denoiser oracle(int length) {
      ExactLaw law = markov(length);
      return masking ? new RememberedDenoiser(new OracleDenoiser(law)) : NoisyOracle.uniform(law);
    }
  }

  private static LikelihoodBound mean(LikelihoodEstimator estimator, int words) {
    return LikelihoodBound.estimate(
        estimator, IntStream.range(0, words).mapToObj(i -> Passage.of(WORDS.get(i))).iterator());
  }

  private static void agrees(double expected, LikelihoodBound actual) {
    double error = actual.natsPerToken() - expected;
    assertTrue(
        Math.abs(error) < QUANTILE * actual.standardError(),
        actual + " is not " + expected + " nats per token");
  }

  /**
   * Every order gives -ln p(x) to the last digits; with laws that do not fit together it does not.
   */
  @Test
  void theChainRuleIsExactInEveryOrder() {
    LikelihoodEstimator chain = LikelihoodEstimator.chainRule(ORACLE, 4, 7);
    LikelihoodEstimator wrong = LikelihoodEstimator.chainRule(MODEL, 4, 7);
    int[] word = WORDS.get(3);
    double[] off = new double[50];
    for (int i = 0; i < off.length; i++) {
      assertEquals(-LAW.logProbability(word), chain.nats(Passage.of(word), i), 1e-13);
      off[i] = wrong.nats(Passage.of(word), i);
    }
    assertTrue(
        Arrays.stream(off).max().getAsDouble() - Arrays.stream(off).min().getAsDouble() > 0.1);
  }

  @Test
  void withTheOracleEachEstimatorIsItsClosedForm() {
    double entropy = LAW.curve().orElseThrow().entropy();
    Denoiser oracle = ORACLE;
    agrees(entropy / LENGTH, mean(LikelihoodEstimator.nelbo(oracle, 3, 32, 7), 1000));
    agrees(entropy / LENGTH, mean(LikelihoodEstimator.chainRule(oracle, 32, 7), 1000));
    agrees(
        entropy / LENGTH,
        mean(
            LikelihoodEstimator.samples(oracle, 3, "", LikelihoodEstimatorTest::ones, 32, 7),
            1000));
    // The N-step bound is the entropy plus the sampler's conditional KL, from the curve (K1).
    double kl = SamplingCost.conditionalKl(LAW.curve().orElseThrow(), two(LENGTH));
    LikelihoodBound steps =
        mean(LikelihoodEstimator.steps(oracle, "", LikelihoodEstimatorTest::two, 32, 7), 1000);
    agrees((entropy + kl) / LENGTH, steps);
    double missed = Math.abs(steps.natsPerToken() - entropy / LENGTH);
    assertTrue(missed > QUANTILE * steps.standardError(), "the twin without KL must be refused");
  }

  /**
   * Chain rule and NELBO of wrong laws have one mean, sum_j h_theta(j); the N-step bound is
   * another.
   */
  @Test
  void withWrongLawsTheBoundsAreTheirCrossEntropies() {
    Denoiser model = MODEL;
    double[] h = new double[LENGTH]; // h_theta, exactly, by all masks of all words
    double[] table = LAW.table();
    for (int w = 0; w < table.length; w++) {
      int[] word = new int[LENGTH];
      for (int i = LENGTH - 1, rest = w; i >= 0; i--, rest /= 3) {
        word[i] = rest % 3;
      }
      for (int bits = 1; bits < 1 << LENGTH; bits++) {
        int set = bits;
        int[] masked = IntStream.range(0, LENGTH).filter(i -> (set >> i & 1) == 1).toArray();
        int sets = 1;
        for (int i = 0; i < masked.length; i++) {
          sets = sets * (LENGTH - i) / (i + 1);
        }
        double nats = MaskedCrossEntropy.nats(model, word, masked);
        h[LENGTH - masked.length] += table[w] * nats / masked.length / sets;
      }
    }
    double nelbo = Arrays.stream(h).sum() / LENGTH;
    agrees(nelbo, mean(LikelihoodEstimator.nelbo(model, 3, 32, 7), 1000));
    LikelihoodBound chain = mean(LikelihoodEstimator.chainRule(model, 32, 7), 1000);
    agrees(nelbo, chain);
    agrees(
        (3 * h[0] + 3 * h[3]) / LENGTH,
        mean(LikelihoodEstimator.steps(model, "", LikelihoodEstimatorTest::two, 32, 7), 1000));
    double entropy = LAW.curve().orElseThrow().entropy() / LENGTH;
    assertTrue(
        chain.natsPerToken() - entropy > QUANTILE * chain.standardError(), "not the entropy");
  }

  /** More orders, a smaller bound, on the same words: paired differences. None with the oracle. */
  @Test
  void theSampleBoundDecreasesInTheNumberOfOrders() {
    for (boolean fits : new boolean[] {true, false}) {
      Denoiser model = fits ? ORACLE : MODEL;
      int[] counts = {1, 4, 16};
      for (int c = 1; c < counts.length; c++) {
        LikelihoodEstimator few =
            LikelihoodEstimator.samples(
                model, counts[c - 1], "", LikelihoodEstimatorTest::ones, 32, 7);
        LikelihoodEstimator more =
            LikelihoodEstimator.samples(model, counts[c], "", LikelihoodEstimatorTest::ones, 32, 7);
        double[] gains = new double[1000];
        Arrays.setAll(
            gains,
            i -> {
              Passage word = Passage.of(WORDS.get(i));
              return few.nats(word, i) - more.nats(word, i);
            });
        Estimate gain = Estimate.of(gains);
        if (fits) {
          assertEquals(0, gain.mean(), 1e-13);
        } else {
          assertTrue(gain.mean() > QUANTILE * gain.standardError(), gain.toString());
        }
      }
    }
  }

  /** One order is the chain rule, or the N-step bound, to the bit; many plans share the orders. */
  @Test
  void theEstimatorsMeet() {
    Denoiser model = MODEL;
    Passage word = new Passage(WORDS.get(5), 2);
    assertEquals(
        LikelihoodEstimator.chainRule(model, 4, 7).nats(word, 5),
        LikelihoodEstimator.samples(model, 1, "", LikelihoodEstimatorTest::ones, 4, 7)
            .nats(word, 5));
    assertEquals(
        LikelihoodEstimator.steps(model, "", LikelihoodEstimatorTest::two, 4, 7).nats(word, 5),
        LikelihoodEstimator.samples(model, 1, "", LikelihoodEstimatorTest::two, 4, 7)
            .nats(word, 5));
    List<int[]> words = WORDS.subList(0, 30);
    List<LikelihoodBound> together =
        PlansTogether.bounds(model, words.iterator(), List.of(two(LENGTH), ones(LENGTH)), 4, 7);
    assertEquals(
        mean(LikelihoodEstimator.steps(model, "", LikelihoodEstimatorTest::two, 4, 7), 30),
        together.get(0));
    assertEquals(mean(LikelihoodEstimator.chainRule(model, 4, 7), 30), together.get(1));
  }

  /** All estimators of both noises, at some batch. */
  private static List<LikelihoodEstimator> all(int batch) {
    Denoiser masking = new AnyLength(true);
    List<LikelihoodEstimator> estimators = new ArrayList<>();
    estimators.add(LikelihoodEstimator.nelbo(masking, 5, batch, 7));
    estimators.add(LikelihoodEstimator.chainRule(masking, batch, 7));
    estimators.add(LikelihoodEstimator.steps(masking, "", LikelihoodEstimatorTest::two, batch, 7));
    estimators.add(
        LikelihoodEstimator.samples(masking, 3, "", LikelihoodEstimatorTest::two, batch, 7));
    estimators.add(LikelihoodEstimator.nelbo(new AnyLength(false), 5, batch, 7));
    return estimators;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 64})
  void theBatchChangesNotOneBit(int batch) {
    List<LikelihoodEstimator> expected = all(1000);
    List<LikelihoodEstimator> actual = all(batch);
    for (int e = 0; e < expected.size(); e++) {
      for (int given = 0; given < 3; given++) {
        Passage passage = new Passage(WORDS.get(e), given);
        assertEquals(expected.get(e).nats(passage, 3), actual.get(e).nats(passage, 3));
      }
    }
  }

  /** The seed and the index matter; the order in which passages are asked about does not. */
  @Test
  void randomnessIsKeyed() {
    Denoiser model = MODEL;
    Passage word = Passage.of(WORDS.get(0));
    for (Function<Long, LikelihoodEstimator> of :
        List.<Function<Long, LikelihoodEstimator>>of(
            seed -> LikelihoodEstimator.nelbo(model, 2, 4, seed),
            seed -> LikelihoodEstimator.chainRule(model, 4, seed),
            seed -> LikelihoodEstimator.steps(model, "", LikelihoodEstimatorTest::two, 4, seed),
            seed ->
                LikelihoodEstimator.samples(model, 2, "", LikelihoodEstimatorTest::two, 4, seed))) {
      double[] first = IntStream.range(0, 9).mapToDouble(i -> of.apply(7L).nats(word, i)).toArray();
      double[] again = new double[9];
      for (int i = 8; i >= 0; i--) {
        again[i] = of.apply(7L).nats(word, i);
      }
      assertArrayEquals(first, again);
      double[] other = IntStream.range(0, 9).mapToDouble(i -> of.apply(8L).nats(word, i)).toArray();
      assertFalse(Arrays.equals(first, other));
      assertTrue(Arrays.stream(first).distinct().count() > 1);
    }
  }

  /**
   * Given tokens are clean context: the chain rule is -ln p(scored | given) exactly, the NELBO in
   * the mean; without the context it is another number.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 5})
  void givenTokensAreContext(int given) {
    Denoiser oracle = ORACLE;
    double conditional = 0; // H(scored | given) / scored, by the entropy of the chain
    double[] nelbos = new double[1000];
    double[] alone = new double[nelbos.length];
    LikelihoodEstimator nelbo = LikelihoodEstimator.nelbo(oracle, 3, 32, 7);
    LikelihoodEstimator chain = LikelihoodEstimator.chainRule(oracle, 32, 7);
    LikelihoodEstimator other = LikelihoodEstimator.chainRule(new AnyLength(true), 32, 7);
    for (int i = 0; i < nelbos.length; i++) {
      int[] word = WORDS.get(i);
      Passage passage = new Passage(word, given);
      double exact = 0; // a chain forgets all but the last token
      for (int k = given; k < LENGTH; k++) {
        exact -= Math.log(TRANSITION[word[k - 1]][word[k]]);
      }
      conditional += exact / nelbos.length;
      assertEquals(exact, chain.nats(passage, i), 1e-12);
      nelbos[i] = nelbo.nats(passage, i) - exact;
      alone[i] = other.nats(Passage.of(passage.scoredTokens()), i) - exact;
    }
    Estimate excess = Estimate.of(nelbos);
    assertTrue(Math.abs(excess.mean()) < QUANTILE * excess.standardError() + 1e-12, "" + excess);
    Estimate twin = Estimate.of(alone);
    assertTrue(twin.mean() > QUANTILE * twin.standardError(), twin + " above " + conditional);
  }

  /**
   * A long text in windows of 6 that move on by 4: the windows' chain rules add up to -ln p of the
   * whole text, exactly, for a chain forgets all but one token. Blocks without context do not.
   */
  @Test
  void windowsAddUpToTheWholeText() {
    int[] text = markov(40).sample(5, 0);
    double exact = -Math.log(STATIONARY[text[0]]);
    for (int i = 1; i < text.length; i++) {
      exact -= Math.log(TRANSITION[text[i - 1]][text[i]]);
    }
    LikelihoodEstimator chain = LikelihoodEstimator.chainRule(new AnyLength(true), 8, 7);
    double windows = chain.nats(Passage.of(Arrays.copyOf(text, 6)), 0);
    for (int at = 6; at < text.length; at += 4) {
      int end = Math.min(text.length, at + 4);
      windows += chain.nats(new Passage(Arrays.copyOfRange(text, at - 2, end), 2), at);
    }
    assertEquals(exact, windows, 1e-11);
    double blocks = 0;
    for (int at = 0; at < text.length; at += 4) {
      blocks += chain.nats(Passage.of(Arrays.copyOfRange(text, at, at + 4)), at);
    }
    assertTrue(Math.abs(blocks - exact) > 0.1, blocks + " and " + exact);
  }

  /** Uniform noise, given tokens stay clean: still a bound, and a better one than without them. */
  @Test
  void givenTokensStayCleanUnderUniformNoise() {
    LikelihoodEstimator nelbo = LikelihoodEstimator.nelbo(new AnyLength(false), 8, 64, 7);
    double[] excess = new double[400];
    double[] gain = new double[excess.length];
    for (int i = 0; i < excess.length; i++) {
      int[] word = markov(4).sample(99, i);
      Passage passage = new Passage(word, 2);
      double exact = -Math.log(TRANSITION[word[1]][word[2]] * TRANSITION[word[2]][word[3]]);
      double nats = nelbo.nats(passage, i);
      excess[i] = nats - exact;
      gain[i] = nelbo.nats(Passage.of(passage.scoredTokens()), i) - nats;
    }
    Estimate over = Estimate.of(excess);
    assertTrue(over.mean() > -QUANTILE * over.standardError(), over.toString());
    Estimate better = Estimate.of(gain);
    assertTrue(better.mean() > QUANTILE * better.standardError(), better.toString());
  }

  @Test
  void impossibleTokensAreInfinite() {
    Denoiser parity = new OracleDenoiser(ExactLaw.zeroSum(3, 2));
    Passage odd = Passage.of(1, 0, 0);
    double inf = Double.POSITIVE_INFINITY;
    assertEquals(inf, LikelihoodEstimator.chainRule(parity, 4, 7).nats(odd, 0));
    assertEquals(
        inf,
        LikelihoodEstimator.samples(parity, 4, "", LikelihoodEstimatorTest::ones, 4, 7)
            .nats(odd, 0));
  }

  @Test
  void whatCannotBeEstimatedIsRefused() {
    Denoiser uniform = NoisyOracle.uniform(LAW);
    Denoiser masking = ORACLE;
    refuses(
        "a likelihood along orders is for masking models, and this one has no MASK",
        () -> LikelihoodEstimator.chainRule(uniform, 1, 7));
    refuses(
        "a likelihood along orders is for masking models, and this one has no MASK",
        () -> LikelihoodEstimator.steps(uniform, "", LikelihoodEstimatorTest::ones, 1, 7));
    refuses(
        "samples must be at least 1, got 0",
        () -> LikelihoodEstimator.samples(masking, 0, "", LikelihoodEstimatorTest::ones, 1, 7));
    refuses("batch must be at least 1, got 0", () -> LikelihoodEstimator.chainRule(masking, 0, 7));
    refuses(
        "given must be in [0, 2), the tokens of the passage, got 2",
        () -> new Passage(new int[2], 2));
    refuses("2 passages have 1 lengths", () -> LikelihoodBound.of(new double[2], new int[1]));
  }

  private static void refuses(String message, org.junit.jupiter.api.function.Executable what) {
    assertEquals(message, Refusal.message(IllegalArgumentException.class, what));
  }
}
