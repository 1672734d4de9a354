package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.Confidence;
import io.github.dllm4j.engine.sample.CorrectedPlan;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.RemaskPlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.sample.TrapezoidalPlan;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever the model, the plan and the seed: every output is accepted. */
class ConstrainedSamplingTest {
  private static final String[] REGEXES = {
    "(a|b)*c?",
    "a{2,5}(bc)*",
    "[a-c]{1,4}é?",
    "(abc|ab|c)+",
    "é*(a|bc){1,3}",
    "a?b?c?é?",
    "(ca)*b{0,3}|é{1,9}"
  };

  private static List<RevealPlan> plans(int holes) {
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3);
    SizePlan sizes = SizePlan.balanced(holes, Math.min(holes, 3));
    return List.of(
        SizePlan.of(holes),
        sizes,
        SizePlan.firstHitting(holes),
        ChancePlan.of(grid, TauLeaping.MODIFIED),
        AdaptivePlan.mostConfident(sizes, Confidence.MAX_PROBABILITY),
        AdaptivePlan.mostConfident(sizes, Confidence.CANDIDATE),
        AdaptivePlan.threshold(0.6, Confidence.MARGIN),
        AdaptivePlan.entropyBound(0.5),
        new CorrectedPlan(sizes, 2),
        RemaskPlan.capped(grid, 0.4),
        RemaskPlan.byConfidence(grid));
  }

  private static int below(int bound, int sample, int use) {
    return (int) (bound * KeyedRandom.uniform(11, sample, use, 0, Purpose.OTHER));
  }

  /** A vocabulary of all the bytes that are needed and some random pieces, two of them alike. */
  private static SpeltTokenizer vocabulary(int sample, int specials) {
    byte[] bytes = "abcé".getBytes(StandardCharsets.UTF_8);
    List<byte[]> tokens = new ArrayList<>();
    for (byte b : bytes) {
      tokens.add(new byte[] {b});
    }
    for (int t = 0; t < 6; t++) {
      byte[] piece = new byte[2 + below(2, sample, 10 * t)];
      for (int i = 0; i < piece.length; i++) {
        piece[i] = bytes[below(bytes.length, sample, 10 * t + 1 + i)];
      }
      tokens.add(piece);
    }
    tokens.add("ab".getBytes(StandardCharsets.UTF_8));
    tokens.add("ab".getBytes(StandardCharsets.UTF_8));
    return SpeltTokenizer.of(specials, tokens);
  }

  @Test
  void everyOutputIsAcceptedWhateverTheModelSays(TestReporter reporter) {
    int outputs = 0;
    int refused = 0;
    for (int sample = 0; sample < 300; sample++) {
      int specials = sample % 3;
      SpeltTokenizer tokenizer = vocabulary(sample, specials);
      int mask = tokenizer.vocabulary().size() - 1;
      Constraint constraint = Constraint.regex(REGEXES[below(REGEXES.length, sample, 200)]);
      int[] tokens = new int[3 + below(5, sample, 201)];
      Arrays.fill(tokens, mask);
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = below(4, sample, 210 + i) == 0 ? below(5, sample, 220 + i) : mask;
      }
      tokens[tokens.length - 1] = mask;
      Canvas canvas = Canvas.of(tokens, mask);
      TokenAutomaton automaton = new TokenAutomaton(constraint, tokenizer, mask + 1);
      ConstrainedDraw draw;
      try {
        draw = (ConstrainedDraw) automaton.on(canvas);
      } catch (IllegalArgumentException e) {
        refused++;
        continue;
      }
      RandomLaws laws = new RandomLaws(mask + 1, sample % 2 == 0 ? 0.5 : 0);
      List<SamplingTask> tasks = new ArrayList<>();
      for (RevealPlan plan : plans(canvas.holeCount())) {
        tasks.add(new SamplingTask(canvas, plan, sample, 0, 1, 1).withTogether(draw));
        tasks.add(new SamplingTask(canvas, plan, sample, 1, 0.3, 0.7).withTogether(draw));
      }
      WrittenOut all = new WrittenOut(laws, tokenizer, constraint, canvas);
      for (Sample output : new Sampler(laws, 8).run(tasks, StepListener.NONE)) {
        assertTrue(output.complete());
        assertTrue(all.accepts(output.tokens()), constraint + Arrays.toString(output.tokens()));
        for (int i = 0; i < tokens.length; i++) {
          assertTrue(tokens[i] == mask || tokens[i] == output.tokens()[i]);
        }
        outputs++;
      }
    }
    assertTrue(outputs > 3000, "only " + outputs);
    Golden.say(reporter, "constrained", outputs + " outputs, " + refused + " canvases refused");
  }

  /** What is refused cannot be filled, and what is not can: small canvases gone through. */
  @Test
  void exactlyTheImpossibleIsRefused() {
    int refused = 0;
    for (int sample = 0; sample < 200; sample++) {
      SpeltTokenizer tokenizer = SpeltTokenizer.of(sample % 3, "a", "b", "ab", "é");
      int mask = tokenizer.vocabulary().size() - 1;
      int[] tokens = new int[1 + below(4, sample, 0)];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = below(3, sample, 1 + i) == 0 ? below(4, sample, 10 + i) : mask;
      }
      tokens[0] = mask;
      Canvas canvas = Canvas.of(tokens, mask);
      Constraint constraint =
          Constraint.regex(List.of("a{4}", "(ab)+", "b|é{2,3}", "c?", "a{1,2}b*").get(sample % 5));
      WrittenOut all = new WrittenOut(new RandomLaws(mask + 1, 0), tokenizer, constraint, canvas);
      boolean possible = IntStream.range(0, all.words).anyMatch(w -> all.accepts(all.sequence(w)));
      TokenAutomaton automaton = new TokenAutomaton(constraint, tokenizer, mask + 1);
      if (possible) {
        automaton.on(canvas);
      } else {
        refused++;
        IllegalArgumentException e =
            assertThrows(IllegalArgumentException.class, () -> automaton.on(canvas));
        assertEquals(1, String.valueOf(e.getMessage()).lines().count());
      }
    }
    assertTrue(refused > 40, "only " + refused);
  }

  @ParameterizedTest
  @CsvSource({
    "abcde, 3, 1, needs 5 tokens or more",
    "abcde, 8, 0, no text of exactly 8 tokens",
    "x+, 4, 1, can be spelt",
    "'a{1,9}', 0, 1, needs holes"
  })
  void whatCannotBeIsSaidInOneLine(String regex, int holes, int specials, String says) {
    SpeltTokenizer tokenizer = SpeltTokenizer.of(specials, "a", "b", "c", "d", "e");
    int mask = tokenizer.vocabulary().size() - 1;
    int[] tokens = new int[holes + 1];
    Arrays.fill(tokens, 1, holes + 1, mask);
    TokenAutomaton automaton = new TokenAutomaton(Constraint.regex(regex), tokenizer, mask + 1);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> automaton.on(Canvas.of(tokens, mask)));
    assertTrue(String.valueOf(e.getMessage()).contains(says), e.getMessage());
  }

  @Test
  void keptTextThatContradictsIsSaid() {
    SpeltTokenizer tokenizer = SpeltTokenizer.of(1, "a", "b");
    TokenAutomaton automaton = new TokenAutomaton(Constraint.regex("a*"), tokenizer, 4);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> automaton.on(Canvas.of(new int[] {3, 1, 3}, 3)));
    assertEquals(
        "the text that is kept contradicts the constraint at token 2 of the sequence",
        e.getMessage());
    TokenAutomaton odd = new TokenAutomaton(Constraint.regex("(aa)*b"), tokenizer, 4);
    e =
        assertThrows(
            IllegalArgumentException.class, () -> odd.on(Canvas.of(new int[] {3, 0, 0, 3}, 3)));
    assertTrue(String.valueOf(e.getMessage()).startsWith("no filling of the 2 holes"));
  }

  @Test
  void ratesOfSingleTokensAreNotDrawnTogether() {
    SpeltTokenizer tokenizer = SpeltTokenizer.of(0, "a", "b");
    Canvas canvas = Canvas.blank(2, 2);
    RevealPlan plan = TrapezoidalPlan.of(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), 0.5);
    TokenAutomaton automaton = new TokenAutomaton(Constraint.regex("a*b*"), tokenizer, 3);
    assertThrows(
        IllegalArgumentException.class,
        () -> SamplingTask.of(canvas, plan, 0, 0).withTogether(automaton.on(canvas)));
  }

  @Test
  void resultsDependNeitherOnTheBatchNorOnOtherTasks() {
    OracleDenoiser oracle = new OracleDenoiser(Golden.law("markov_d6_S3"));
    SpeltTokenizer tokenizer = SpeltTokenizer.of(1, "a", "b");
    Canvas canvas = Canvas.blank(6, 3);
    TokenAutomaton automaton = new TokenAutomaton(Constraint.regex("(a|bb)*"), tokenizer, 4);
    List<SamplingTask> tasks = new ArrayList<>();
    for (RevealPlan plan : plans(6)) {
      for (int s = 0; s < 4; s++) {
        SamplingTask free = SamplingTask.of(canvas, plan, 5, s);
        tasks.add(s % 2 == 0 ? free.withTogether(automaton.on(canvas)) : free);
      }
    }
    List<Sample> together = new Sampler(oracle, 64).run(tasks, StepListener.NONE);
    for (int i = 0; i < tasks.size(); i++) {
      Sample alone = new Sampler(oracle, 1).run(List.of(tasks.get(i)), StepListener.NONE).get(0);
      assertArrayEquals(alone.tokens(), together.get(i).tokens(), tasks.get(i).toString());
    }
  }
}
