package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.loss.LikelihoodEstimator.Claim;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Every definition by hand arithmetic on the text A A of the model
 *
 * <pre>
 * p(first = A) = 1/2           p(first = A | second = A) = 1/2
 * p(second = A) = 1/4          p(second = A | first = A) = 3/4
 * </pre>
 *
 * <p>whose laws do not fit together:
 *
 * <pre>
 * first, then second   p_12 = 1/2 * 3/4 = 3/8     -ln = ln 8/3
 * second, then first   p_21 = 1/4 * 1/2 = 1/8     -ln = ln 8
 * both at once         1/2 * 1/4 = 1/8            -ln = ln 8
 * h(0) = (ln 2 + ln 4) / 2 = (3/2) ln 2,   h(1) = (ln 4/3 + ln 2) / 2 = (ln 8/3) / 2
 * NELBO = h(0) + h(1) = (ln 8/3 + ln 8) / 2       perplexity sqrt(exp(NELBO)) = (64/3)^(1/4)
 * mixture of the orders = (3/8 + 1/8) / 2 = 1/4   -ln = ln 4, perplexity 2
 * </pre>
 */
class TwoTokenToyTest {
  private static final int[] TEXT = {0, 0};
  private static final SizePlan ONES = SizePlan.of(1, 1);
  private static final SizePlan AT_ONCE = SizePlan.of(2);

  /** The four laws above; A = 0, B = 1, hidden = 2. */
  private record Toy() implements ExactLaw {
    @Override
    public int length() {
      return 2;
    }

    @Override
    public int symbols() {
      return 2;
    }

    @Override
    public double[][] conditionals(int[] word) {
      double first = 0.5;
      double second = word[0] == 2 ? 0.25 : 0.75;
      return new double[][] {{first, 1 - first}, {second, 1 - second}};
    }
  }

  private static final Denoiser TOY = new OracleDenoiser(new Toy());

  private static void isOneOf(double actual, double... allowed) {
    assertTrue(
        IntStream.range(0, allowed.length).anyMatch(i -> Math.abs(actual - allowed[i]) < 1e-15),
        "got " + actual);
  }

  @Test
  void plansAlongBothOrders() {
    List<SizePlan> plans = List.of(ONES, AT_ONCE);
    double[] forward = TeacherForcing.nats(TOY, TEXT, new int[] {0, 1}, plans, 8);
    assertArrayEquals(new double[] {Math.log(8 / 3.0), Math.log(8)}, forward, 1e-15);
    double[] backward = TeacherForcing.nats(TOY, TEXT, new int[] {1, 0}, plans, 8);
    assertArrayEquals(new double[] {Math.log(8), Math.log(8)}, backward, 1e-15);
    // Only the second token, the first one given: -ln 3/4.
    List<SizePlan> one = List.of(SizePlan.of(1));
    assertEquals(
        Math.log(4 / 3.0), TeacherForcing.nats(TOY, TEXT, new int[] {1}, one, 8)[0], 1e-15);
  }

  /** Each passage has one of the two orders, about half of them each. */
  @Test
  void chainRule() {
    LikelihoodEstimator chain = LikelihoodEstimator.chainRule(TOY, 8, 7);
    assertEquals(Claim.EXACT_ALONG_AN_ORDER, chain.claim());
    int forward = 0;
    for (int i = 0; i < 1000; i++) {
      double nats = chain.nats(Passage.of(TEXT), i);
      isOneOf(nats, Math.log(8 / 3.0), Math.log(8));
      forward += nats < 2 ? 1 : 0;
    }
    // Binomial(1000, 1/2): outside 500 +- 62 with probability 9e-5.
    assertEquals(500, forward, 62);
  }

  @Test
  void stepBound() {
    LikelihoodEstimator once = LikelihoodEstimator.steps(TOY, "1 step", d -> AT_ONCE, 8, 7);
    assertEquals(Math.log(8), once.nats(Passage.of(TEXT), 0), 1e-15);
    assertEquals(Claim.BOUND, once.claim());
    assertEquals("N-step bound, 1 step per block", once.description());
    List<LikelihoodBound> both =
        PlansTogether.bounds(TOY, List.of(TEXT, TEXT).iterator(), List.of(AT_ONCE, AT_ONCE), 8, 7);
    assertEquals(Math.log(8) / 2, both.get(1).natsPerToken(), 1e-15);
    assertEquals(0, both.get(0).standardError());
    assertEquals(4, both.get(0).tokens());
    // (1/8)^(-1/2)
    assertEquals(Math.sqrt(8), both.get(0).perplexity(), 1e-14);
  }

  /**
   * Two orders: both forward ln 8/3, both backward ln 8, one of each -ln (3/8 + 1/8)/2 = ln 4; with
   * very many orders -ln of the mixture, ln 4.
   */
  @Test
  void sampleBound() {
    TreeSet<Double> seen = new TreeSet<>();
    LikelihoodEstimator two = LikelihoodEstimator.samples(TOY, 2, "one by one", d -> ONES, 8, 7);
    for (int i = 0; i < 40; i++) {
      double nats = two.nats(Passage.of(TEXT), i);
      isOneOf(nats, Math.log(8 / 3.0), Math.log(8), Math.log(4));
      seen.add((double) Math.round(nats * 1000));
    }
    assertEquals(3, seen.size());
    LikelihoodEstimator many =
        LikelihoodEstimator.samples(TOY, 4000, "one by one", d -> ONES, 8, 7);
    double nats = many.nats(Passage.of(TEXT), 0);
    // The mean of 4000 draws of 3/8 or 1/8 has standard error 0.002, on the log of 1/4 0.0079.
    assertEquals(Math.log(4), nats, 3.9 * 0.0079);
    assertEquals(2, Math.exp(nats / 2), 0.04);
  }

  /**
   * Two counts are one of each size: n = 1 gives d/n / 2 = 1 times -ln of the one masked token, ln
   * 2 or ln 4/3, and n = 2 gives 1/2 of ln 2 + ln 4.
   */
  @Test
  void nelbo() {
    LikelihoodEstimator nelbo = LikelihoodEstimator.nelbo(TOY, 2, 8, 7);
    double both = Math.log(8) / 2;
    double sum = 0;
    for (int i = 0; i < 1000; i++) {
      double nats = nelbo.nats(Passage.of(TEXT), i);
      isOneOf(nats, Math.log(2) + both, Math.log(4 / 3.0) + both);
      sum += nats;
    }
    // (ln 8/3 + ln 8) / 2; of 1000 coins worth ln 3/2 / 2 each: 3.9 * 0.2027 / sqrt(1000) = 0.025.
    assertEquals((Math.log(8 / 3.0) + Math.log(8)) / 2, sum / 1000, 0.025);
  }

  /** Passages of 2 and 1 tokens with ln 8 and ln 4/3 nats: (ln 8 + ln 4/3) / 3 per token. */
  @Test
  void meansAreOverTokensNotOverPassages() {
    double[] nats = {Math.log(8), Math.log(4 / 3.0)};
    LikelihoodBound bound = LikelihoodBound.of(nats, new int[] {2, 1});
    double mean = (Math.log(8) + Math.log(4 / 3.0)) / 3;
    assertEquals(mean, bound.natsPerToken(), 1e-15);
    assertEquals(Math.cbrt(32 / 3.0), bound.perplexity(), 1e-14);
    assertEquals(3, bound.tokens());
    // n/(n-1) = 2; the deviations are a and -a with a = ln 8 - 2 mean.
    double a = Math.log(8) - 2 * mean;
    assertEquals(Math.sqrt(2 * 2 * a * a) / 3, bound.standardError(), 1e-15);
  }
}
