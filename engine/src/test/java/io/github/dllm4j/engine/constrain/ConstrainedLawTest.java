package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.StepListener;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a constrained step draws is the product of the network's laws given acceptance: its exact
 * law, token by token as production computes it, against all fillings written out, at 1e-12; the
 * sampler's counts by chi-square at false-alarm rate 1e-4 per case, seeds fixed, with masking and
 * local renormalisation as the wrong twin that must be rejected.
 */
class ConstrainedLawTest {
  private static final int SAMPLES = 20_000;

  /**
   * A constraint on a canvas.
   *
   * @param local whether masking and local renormalisation gives the same law within 1e-6 in total
   *     variation, which these samples cannot tell; else it is more than 0.05 away
   * @param kept ids, -1 for a hole
   */
  record Case(
      String name,
      Denoiser denoiser,
      SpeltTokenizer tokenizer,
      String regex,
      boolean local,
      int... kept) {
    WrittenOut writtenOut() {
      return new WrittenOut(denoiser, tokenizer, constraint(), canvas());
    }

    Constraint constraint() {
      return Constraint.regex(regex);
    }

    Canvas canvas() {
      int[] tokens = kept.clone();
      int mask = denoiser.mask().orElseThrow();
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = kept[i] < 0 ? mask : kept[i];
      }
      return Canvas.of(tokens, mask);
    }

    JointDraw draw() {
      return draw(constraint());
    }

    JointDraw draw(Constraint constraint) {
      return new TokenAutomaton(constraint, tokenizer, denoiser.vocabulary()).on(canvas());
    }

    @Override
    public String toString() {
      return name + " " + regex + " " + Arrays.toString(kept);
    }
  }

  private static Denoiser oracle(String law) {
    return new RememberedDenoiser(new OracleDenoiser(Golden.law(law)));
  }

  static Stream<Case> cases() {
    SpeltTokenizer unary = SpeltTokenizer.of(1, "a");
    SpeltTokenizer letters = SpeltTokenizer.of(0, "a", "b", "c");
    SpeltTokenizer ended = SpeltTokenizer.of(1, "a", "b");
    SpeltTokenizer pieces = SpeltTokenizer.of(2, "a", "b", "ab", "ba");
    Denoiser random = new RememberedDenoiser(new RandomLaws(7, 0));
    return Stream.of(
        new Case(
            "latent_parity_k2", oracle("latent_parity_k2"), unary, "(aa)*", false, -1, -1, -1, -1),
        new Case(
            "latent_parity_k2", oracle("latent_parity_k2"), unary, "a|aaa", false, -1, -1, -1, -1),
        new Case(
            "zero_sum_d4_q3",
            oracle("zero_sum_d4_q3"),
            letters,
            "(a|bc?)*c",
            false,
            -1,
            -1,
            -1,
            -1),
        new Case("zero_sum_d4_q3", oracle("zero_sum_d4_q3"), ended, "b?a*", false, -1, -1, -1, -1),
        new Case("hmm_d4_S3", oracle("hmm_d4_S3"), letters, "[ab]*c[^c]*", false, -1, -1, 1, -1),
        new Case("hmm_d4_S3", oracle("hmm_d4_S3"), ended, "(ab)+", false, -1, -1, -1, -1),
        new Case(
            "markov_d6_S3",
            oracle("markov_d6_S3"),
            letters,
            "(ab|ca|bcc)+",
            false,
            -1,
            -1,
            -1,
            -1,
            -1,
            -1),
        new Case(
            "markov_d6_S3",
            oracle("markov_d6_S3"),
            ended,
            "a{0,4}b{1,2}",
            false,
            0,
            -1,
            -1,
            -1,
            1,
            -1),
        new Case("random", random, pieces, "(ab)*", false, -1, -1, -1, -1),
        new Case("random", random, pieces, "(a|ba)*|b{2,3}", false, -1, -1, -1, -1),
        new Case("random", random, pieces, "abab?", true, 0, -1, -1, 4, -1, 1),
        new Case(
            "random",
            random,
            SpeltTokenizer.of(0, "a", "b", "ab", "ba", "é", "\u00e9a"),
            "(é|a|b){4}",
            false,
            -1,
            -1,
            -1));
  }

  /** Probabilities of the fillings by the rows that production draws from. */
  private static double[] produced(Case test, double temperature, double topP) {
    WrittenOut all = test.writtenOut();
    int[] tokens = test.canvas().tokens();
    ConditionedLaw law =
        ((ConstrainedDraw) test.draw()).law(tokens, all.holes, all.laws(tokens), temperature, topP);
    double[] result = new double[all.words];
    TokenAutomaton automaton =
        new TokenAutomaton(test.constraint(), test.tokenizer, test.denoiser.vocabulary());
    walk(all, law, automaton, tokens, 0, 0, 1, result);
    return result;
  }

  private static void walk(
      WrittenOut all,
      ConditionedLaw law,
      TokenAutomaton automaton,
      int[] tokens,
      int place,
      int state,
      double probability,
      double[] result) {
    int position = all.holes[0] + place;
    if (position > all.holes[all.holes.length - 1]) {
      result[all.word(tokens)] += probability;
    } else if (tokens[position] != all.mask) {
      int next = automaton.next(state, tokens[position]);
      walk(all, law, automaton, tokens, place + 1, next, probability, result);
    } else {
      row(law, automaton, place, state)
          .forEach(
              (token, p) -> {
                int[] filled = tokens.clone();
                filled[position] = token;
                int next = automaton.next(state, token);
                walk(all, law, automaton, filled, place + 1, next, probability * p, result);
              });
    }
  }

  /** The law of a token as production draws it: a move, then a token of its block. */
  private static Map<Integer, Double> row(
      ConditionedLaw law, TokenAutomaton automaton, int place, int state) {
    Map<Integer, Double> row = new TreeMap<>();
    if (state == automaton.end()) {
      row.put(law.draw(place, state, 0.5), 1.0);
      return row;
    }
    double[] moves = law.moves(place, state);
    for (int m = 0; m < moves.length; m++) {
      if (moves[m] == 0) {
        continue;
      }
      int block = automaton.blocks(state)[m];
      double[] within = law.within(place, block);
      for (int k = 0; k < within.length; k++) {
        row.put(
            automaton.tokens(block)[k],
            moves[m] / Arrays.stream(moves).sum() * within[k] / Arrays.stream(within).sum());
      }
    }
    return row;
  }

  @Test
  void oneStepIsExactlyTheConditionedLaw(TestReporter reporter) {
    double worst = 0;
    int fillings = 0;
    for (Case test : cases().toList()) {
      WrittenOut all = test.writtenOut();
      double[] expected = all.conditioned(test.canvas().tokens());
      double[] produced = produced(test, 1, 1);
      for (int w = 0; w < expected.length; w++) {
        worst = Math.max(worst, Math.abs(expected[w] - produced[w]));
      }
      assertArrayEquals(expected, produced, 1e-12, test.toString());
      assertEquals(1, Arrays.stream(produced).sum(), 1e-12);
      fillings += expected.length;
    }
    Golden.say(reporter, "constrained", fillings + " probabilities, largest deviation " + worst);
  }

  record Shaping(double temperature, double topP) {}

  static List<Shaping> shapings() {
    return Stream.of(0.001, 0.01, 0.1, 0.5, 1.0, 2.0)
        .flatMap(t -> Stream.of(1, 0.9, 0.5, 0.1).map(p -> new Shaping(t, p.doubleValue())))
        .toList();
  }

  /**
   * Of the laws at a temperature and cut to a nucleus. At 0.001 the logarithm of an impossible
   * token is 7e5, and that of four of them is a double within 1e-9.
   */
  @ParameterizedTest
  @MethodSource("shapings")
  void oneStepIsExactlyTheConditionedLawOfShapedLaws(Shaping shaping) {
    for (Case test : cases().toList()) {
      WrittenOut all = test.writtenOut();
      double[] law = all.conditioned(test.canvas().tokens(), shaping.temperature, shaping.topP);
      assertEquals(1, Arrays.stream(law).sum(), 1e-12);
      double[] produced = produced(test, shaping.temperature, shaping.topP);
      assertArrayEquals(law, produced, 1e-9, test.toString());
      int[] tokens = test.canvas().tokens();
      int[] drawn =
          test.draw(test.constraint().greedy())
              .draw(
                  tokens,
                  all.holes,
                  all.laws(tokens),
                  shaping.temperature,
                  shaping.topP,
                  new double[all.holes.length]);
      for (int h = 0; h < drawn.length; h++) {
        tokens[all.holes[h]] = drawn[h];
      }
      double best = Arrays.stream(law).max().orElseThrow();
      assertEquals(best, law[all.word(tokens)], 1e-9, test.toString());
    }
  }

  /** Both accepted tokens are so unlikely at the temperature that their powers are 0 in double. */
  @ParameterizedTest
  @CsvSource({
    "0.2, 0.1, 1, 1, 0.6666666666666666",
    "0.2, 0.1, 0.5, 1, 0.8",
    "0.2, 0.1, 0.01, 1, 1",
    "0.2, 0.1, 0.001, 1, 1",
    "0.1, 0.2, 0.001, 1, 0",
    "0.2, 0.1, 1e-300, 1, 1",
    "0.2, 0.1, 1e300, 1, 0.5",
    "0.2, 0.001, 1, 0.7, 0.9950248756218906",
    "0.2, 0.001, 0.5, 0.7, 0.9999750006249844",
    "0.1, 0, 0.001, 1, 1",
    "0, 0, 0.001, 1, 0.5",
    "0, 0, 1, 0.5, 0.5"
  })
  void theModelsOddsCountHoweverUnlikelyTheFormIs(
      double y, double n, double temperature, double topP, double share) {
    SpeltTokenizer tokenizer = SpeltTokenizer.of(0, "y", "n", "x");
    double[][] laws = {{y, n, 1 - y - n, 0}};
    int[] tokens = {3};
    int[] hole = {0};
    TokenAutomaton automaton = new TokenAutomaton(Constraint.regex("y|n"), tokenizer, 4);
    ConstrainedDraw draw = (ConstrainedDraw) automaton.on(Canvas.blank(1, 3));
    ConditionedLaw law = draw.law(tokens, hole, laws, temperature, topP);
    assertEquals(share, row(law, automaton, 0, 0).getOrDefault(0, 0.0), 1e-12);
    double[] middle = {0.5};
    int drawn = draw.draw(tokens, hole, laws, temperature, topP, middle)[0];
    assertEquals(share >= 0.5 ? 0 : 1, drawn == 0 || share == 0.5 ? 0 : 1);
  }

  /** The whole way, the shaping included: nothing else is drawn of cold laws, and no other odds. */
  @ParameterizedTest
  @CsvSource({"0.5, 1", "0.001, 1", "1, 0.5", "0.7, 0.3"})
  void theSamplerFollowsTheConditionedLawOfShapedLaws(double temperature, double topP) {
    for (Case test : cases().toList()) {
      WrittenOut all = test.writtenOut();
      int holes = test.canvas().holeCount();
      long[] counts = new long[all.words];
      List<SamplingTask> tasks =
          IntStream.range(0, SAMPLES / 4)
              .mapToObj(
                  s ->
                      new SamplingTask(
                              test.canvas(), SizePlan.of(holes), 2026, s, temperature, topP)
                          .withTogether(test.draw()))
              .toList();
      for (Sample sample : new Sampler(test.denoiser, 500).run(tasks, StepListener.NONE)) {
        counts[all.word(sample.tokens())]++;
      }
      double[] law = all.conditioned(test.canvas().tokens(), temperature, topP);
      int surest = IntStream.range(0, law.length).reduce(0, (a, b) -> law[b] > law[a] ? b : a);
      int samples = tasks.size();
      if ((1 - law[surest]) * samples < 5) { // one class: more than 15 others come once in 1e4
        assertTrue(samples - counts[surest] <= 15, test + ": " + Arrays.toString(counts));
      } else {
        double p = ChiSquare.pValue(law, counts);
        assertTrue(p > 1e-4, test + ": p-value " + p);
      }
    }
  }

  @Test
  void theProbabilityOfAcceptanceIsTheSumOverTexts() {
    for (Case test : cases().toList()) {
      WrittenOut all = test.writtenOut();
      int[] tokens = test.canvas().tokens();
      double[][] laws = all.laws(tokens);
      ConditionedLaw law = ((ConstrainedDraw) test.draw()).law(tokens, all.holes, laws, 1, 1);
      double sum = 0;
      for (int w = 0; w < all.words; w++) {
        int[] sequence = all.sequence(w);
        double p = all.accepts(sequence) ? 1 : 0;
        int end = test.tokenizer.vocabulary().end().orElse(-1);
        boolean ended = false;
        for (int h = 0; h < all.holes.length && !ended; h++) {
          p *= laws[h][sequence[all.holes[h]]];
          int from = all.holes[h];
          int to = h + 1 < all.holes.length ? all.holes[h + 1] : from + 1;
          ended = IntStream.range(from, to).anyMatch(i -> sequence[i] == end);
        }
        sum += p;
      }
      assertEquals(Math.log(sum), law.logAcceptance(), 1e-12, test.toString());
    }
  }

  private static long[] counts(Case test, RevealPlan plan, JointDraw draw, int samples) {
    WrittenOut all = test.writtenOut();
    long[] counts = new long[all.words];
    List<SamplingTask> tasks =
        IntStream.range(0, samples)
            .mapToObj(s -> SamplingTask.of(test.canvas(), plan, 2026, s).withTogether(draw))
            .toList();
    for (Sample sample : new Sampler(test.denoiser, 500).run(tasks, StepListener.NONE)) {
      counts[all.word(sample.tokens())]++;
    }
    return counts;
  }

  /** The wrong twin is rejected wherever it is another law: {@link #theWrongTwinIsAnotherLaw}. */
  @ParameterizedTest
  @MethodSource("cases")
  void theSamplerFollowsTheConditionedLaw(Case test) {
    WrittenOut all = test.writtenOut();
    int holes = test.canvas().holeCount();
    long[] counts = counts(test, SizePlan.of(holes), test.draw(), SAMPLES);
    double[] law = all.conditioned(test.canvas().tokens());
    for (int w = 0; w < law.length; w++) {
      assertTrue(law[w] > 0 || counts[w] == 0, test + ": impossible filling " + w);
    }
    double p = ChiSquare.pValue(law, counts);
    assertTrue(p > 1e-4, test + ": p-value " + p);
    double wrong = ChiSquare.pValue(all.locallyRenormalised(), counts);
    assertEquals(!test.local, wrong < 1e-4, test + ": p-value of the wrong law " + wrong);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theWrongTwinIsAnotherLaw(Case test) {
    double[] law = test.writtenOut().conditioned(test.canvas().tokens());
    double[] local = test.writtenOut().locallyRenormalised();
    assertEquals(1, Arrays.stream(local).sum(), 1e-12);
    double distance = distance(law, local);
    assertTrue(
        test.local ? distance < 1e-6 : distance > 0.05, test + ": total variation " + distance);
  }

  private static double distance(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(w -> Math.abs(a[w] - b[w]) / 2).sum();
  }

  record Steps(Case test, List<Integer> sizes) {
    int[] array() {
      return sizes.stream().mapToInt(s -> s).toArray();
    }
  }

  static Stream<Steps> severalSteps() {
    List<Case> cases = cases().toList();
    return Stream.of(
        new Steps(cases.get(0), List.of(1, 2, 1)),
        new Steps(cases.get(4), List.of(2, 1)),
        new Steps(cases.get(5), List.of(2, 2)),
        new Steps(cases.get(7), List.of(1, 3)),
        new Steps(cases.get(8), List.of(1, 1, 2)),
        new Steps(cases.get(9), List.of(2, 2)));
  }

  /** Each step conditioned, some of it kept; against the same written out, and against one step. */
  @ParameterizedTest
  @MethodSource("severalSteps")
  void severalStepsFollowTheirExactLaw(Steps steps) {
    Case test = steps.test();
    long[] counts = counts(test, SizePlan.of(steps.array()), test.draw(), SAMPLES);
    double[] law = test.writtenOut().steps(steps.array());
    assertEquals(1, Arrays.stream(law).sum(), 1e-12);
    double p = ChiSquare.pValue(law, counts);
    assertTrue(p > 1e-4, test + ": p-value " + p);
    double[] once = test.writtenOut().conditioned(test.canvas().tokens());
    double wrong = ChiSquare.pValue(once, counts);
    assertTrue(wrong < 1e-4, test + ": one step passes for several with p-value " + wrong);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void greedyTakesTheMostProbableText(Case test) {
    WrittenOut all = test.writtenOut();
    int[] tokens = test.canvas().tokens();
    double[] law = all.conditioned(tokens);
    double[][] laws = all.laws(tokens);
    JointDraw draw = test.draw(test.constraint().greedy());
    int[] drawn = draw.draw(tokens, all.holes, laws, 1, 1, new double[all.holes.length]);
    for (int h = 0; h < drawn.length; h++) {
      tokens[all.holes[h]] = drawn[h];
    }
    double best = Arrays.stream(law).max().orElseThrow();
    assertEquals(best, law[all.word(tokens)], 1e-12, test.toString());
    long[] counts = counts(test, SizePlan.of(all.holes.length), draw, 50);
    assertEquals(50, counts[all.word(tokens)]);
  }

  /** The laws of two halves are so unlikely that their product is below any double. */
  @Test
  void nothingUnderflows() {
    int holes = 60;
    SpeltTokenizer tokenizer = SpeltTokenizer.of(0, "a", "b", "c", "d", "x");
    Constraint constraint = Constraint.regex("a{30}b{30}|c{30}d{30}|x{59}a");
    double[][] laws = new double[holes][6];
    int[] tokens = new int[holes];
    Arrays.fill(tokens, 5);
    for (int i = 0; i < holes; i++) {
      // a and d come once in 1e20, b and c half the time; x never.
      laws[i] =
          i < 30 ? new double[] {1e-20, 0, 0.5, 0, 0, 0} : new double[] {0, 0.5, 0, 1e-20, 0, 0};
      laws[i][1] += i < 30 ? 0.5 : 0;
      laws[i][2] += i < 30 ? 0 : 0.5;
    }
    int[] all = IntStream.range(0, holes).toArray();
    TokenAutomaton automaton = new TokenAutomaton(constraint, tokenizer, 6);
    ConstrainedDraw draw = (ConstrainedDraw) automaton.on(Canvas.of(tokens, 5));
    Map<Integer, Double> law = row(draw.law(tokens, all, laws, 1, 1), automaton, 0, 0);
    assertEquals(0.5, law.getOrDefault(0, 0.0), 1e-12);
    assertEquals(0.5, law.getOrDefault(2, 0.0), 1e-12);
    double expected = Math.log(2) + 30 * (Math.log(1e-20) + Math.log(0.5));
    double found = draw.law(tokens, all, laws, 1, 1).logAcceptance();
    assertEquals(expected, found, 1e-9);
  }

  /** Where the model rules out every accepted text, one with fewest impossible tokens comes. */
  @Test
  void whatTheModelCallsImpossibleComesOnlyIfNothingElseIsAccepted() {
    SpeltTokenizer tokenizer = SpeltTokenizer.of(0, "a", "b", "c");
    int[] tokens = {3, 3};
    double[][] laws = {{0, 1, 0, 0}, {0, 0, 1, 0}};
    for (String regex : List.of("aa|ac", "(ab|cb)|bb")) {
      TokenAutomaton automaton = new TokenAutomaton(Constraint.regex(regex), tokenizer, 4);
      JointDraw draw = automaton.on(Canvas.of(tokens, 3));
      int[] drawn = draw.draw(tokens, new int[] {0, 1}, laws, 1, 1, new double[] {0.9, 0.9});
      assertEquals(regex.startsWith("aa") ? "ac" : "bb", tokenizer.decode(drawn));
    }
  }
}
