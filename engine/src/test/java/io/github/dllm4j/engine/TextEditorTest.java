package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.Estimate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextEditorTest {
  private static final String TEXT = "abcd efgh abcd";

  /** Three for each of a to d in the place of the span. */
  private static double letters(String text) {
    return 3.0 * text.chars().skip(5).limit(4).filter(c -> c >= 'a' && c <= 'd').count();
  }

  @TempDir private Path folder;

  private TextGenerator masking() throws IOException {
    TinyModel.masking(folder);
    return TextGenerator.open(folder);
  }

  private TextGenerator uniform() throws IOException {
    Path own = Files.createDirectories(folder.resolve("uniform"));
    TinyModel.uniform(own);
    return TextGenerator.open(own);
  }

  @Test
  void aSpanIsWrittenAnewAndTheRestKept() throws IOException {
    try (TextGenerator generator = masking()) {
      TextEditor editor = new TextEditor(generator);
      GenerationResult rewritten = editor.rewrite(TEXT, 5, 9, 3);
      assertEquals(14, rewritten.samples().get(0).tokens().size());
      assertTrue(rewritten.text().startsWith("abcd ") && rewritten.text().endsWith(" abcd"));
      assertEquals(rewritten.text(), "abcd " + rewritten.completion() + " abcd");
      assertEquals(
          "{x}" + editor.infill("{x}", 3, "}", 1).completion() + "}",
          editor.infill("{x}", 3, "}", 1).text());
      assertThrows(IllegalArgumentException.class, () -> editor.rewrite(TEXT, 5, 5, 0));
      assertThrows(IllegalArgumentException.class, () -> editor.rewrite(TEXT, 5, 15, 0));
      assertThrows(IllegalArgumentException.class, () -> new TextEditor.Effort(1, 1, 1, 1, 0));
    }
  }

  @Test
  void aScoreIsRaisedInTheSpanOnly() throws IOException {
    for (boolean masks : new boolean[] {true, false}) {
      try (TextGenerator generator = masks ? masking() : uniform()) {
        TextEditor editor = new TextEditor(generator);
        TextEditor.Edit better =
            editor.improve(
                TEXT, 5, 9, TextEditorTest::letters, TextEditor.Effort.DEFAULT.withSeed(2));
        assertTrue(better.score() > letters(TEXT), better.toString());
        assertEquals(letters(better.text()), better.score());
        assertTrue(better.text().startsWith("abcd ") && better.text().endsWith(" abcd"));
        // Nothing is better than what is already best, and nothing is taken that is not.
        assertEquals(
            new TextEditor.Edit(TEXT, 0),
            editor.improve(
                TEXT, 5, 9, text -> text.equals(TEXT) ? 0 : -50, TextEditor.Effort.DEFAULT));
      }
    }
  }

  /** Without an end these would take days; closing ends them after a network call. */
  @Test
  void closingEndsAnImprovement() throws Exception {
    TextGenerator generator = masking();
    TextEditor editor = new TextEditor(generator);
    TextEditor.Effort endless = new TextEditor.Effort(1, 1_000_000_000, 4, 0.5, 0);
    CountDownLatch begun = new CountDownLatch(3);
    CompletableFuture<TextEditor.Edit> edit =
        CompletableFuture.supplyAsync(
            () ->
                editor.improve(
                    TEXT,
                    5,
                    9,
                    text -> {
                      begun.countDown();
                      return 0;
                    },
                    endless));
    assertTrue(begun.await(1, TimeUnit.MINUTES));
    generator.close();
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> edit.get(1, TimeUnit.MINUTES));
    assertEquals(
        "java.lang.IllegalStateException: the generator is closed", String.valueOf(e.getCause()));
    assertThrows(
        IllegalStateException.class,
        () -> editor.steer("ab{3}", TextEditorTest::letters, TextEditor.Effort.DEFAULT));
  }

  /** Keeps the texts that are scored; the last ones are the particles of a steered text. */
  private static final class Scored implements ToDoubleFunction<String> {
    final List<String> texts = new ArrayList<>();
    private final ToDoubleFunction<String> score;

    Scored(ToDoubleFunction<String> score) {
      this.score = score;
    }

    @Override
    public double applyAsDouble(String text) {
      texts.add(text);
      return score.applyAsDouble(text);
    }
  }

  /** A measure of the texts of 24 particles that a score steers, on average. */
  private static double mean(
      TextEditor editor,
      ToDoubleFunction<String> measure,
      ToDoubleFunction<String> score,
      long seed) {
    int particles = 24;
    Scored scored = new Scored(score);
    editor.steer("abcd {4} abcd", scored, new TextEditor.Effort(particles, 0, 4, 0.5, seed));
    int all = scored.texts.size();
    return scored.texts.subList(all - particles, all).stream()
        .mapToDouble(measure)
        .average()
        .orElseThrow();
  }

  /**
   * Particles have more of what a score rewards than those that are not steered, for both noises: a
   * one-sided t-test over twelve seeds, 5.45 being exceeded at a rate of 1e-4. The wrong twin is
   * steered by a score that is the same for all texts.
   */
  private void assertSteered(ToDoubleFunction<String> measure, ToDoubleFunction<String> score)
      throws IOException {
    for (boolean masks : new boolean[] {true, false}) {
      try (TextGenerator generator = masks ? masking() : uniform()) {
        TextEditor editor = new TextEditor(generator);
        double[] steered = new double[12];
        double[] constant = new double[12];
        for (int seed = 0; seed < 12; seed++) {
          double free = mean(editor, measure, text -> 0, 100 + seed);
          steered[seed] = mean(editor, measure, score, seed) - free;
          constant[seed] = mean(editor, measure, text -> 5, seed) - free;
        }
        Estimate gain = Estimate.of(steered);
        assertTrue(gain.mean() > 5.45 * gain.standardError(), "steered " + gain);
        Estimate none = Estimate.of(constant);
        assertTrue(none.mean() < 5.45 * none.standardError(), "not steered " + none);
      }
    }
  }

  @Test
  void particlesFollowAReward() throws IOException {
    assertSteered(text -> letters(text) / 3, text -> 3 * letters(text));
  }

  /** Texts of none of the letters are forbidden. */
  @Test
  void aScoreMayForbid() throws IOException {
    assertSteered(
        text -> letters(text) > 0 ? 1 : 0,
        text -> letters(text) > 0 ? 0 : Double.NEGATIVE_INFINITY);
    try (TextGenerator generator = masking()) {
      TextEditor.Edit never =
          new TextEditor(generator)
              .steer(
                  "abcd {4} abcd",
                  text -> Double.NEGATIVE_INFINITY, new TextEditor.Effort(32, 0, 4, 0.5, 1));
      assertEquals(Double.NEGATIVE_INFINITY, never.score());
    }
  }

  /** Proposals from a text that stays: every one is scored, and no other. */
  private static List<String> proposals(TextEditor editor, int steps, double strength) {
    Scored scored = new Scored(text -> text.equals(TEXT) ? 0 : -1e9);
    editor.improve(TEXT, 5, 9, scored, new TextEditor.Effort(8, 32, steps, strength, 1));
    return scored.texts;
  }

  /** Share of the span's letters that differ. */
  private static double changed(List<String> texts) {
    return texts.stream()
        .mapToDouble(
            text ->
                IntStream.range(5, 9).filter(i -> text.charAt(i) != TEXT.charAt(i)).count() / 4.0)
        .average()
        .orElseThrow();
  }

  /**
   * A share of the letters is noised, about 1000 in all, seed 1: more than 0.15 with strength 0.1
   * has a rate below 1e-6. The wrong twin is the strength 0.9.
   */
  @Test
  void theEffortIsWhatIsAsked() throws IOException {
    try (TextGenerator generator = masking()) {
      TextEditor editor = new TextEditor(generator);
      double weak = changed(proposals(editor, 1, 0.1));
      assertTrue(weak > 0 && weak < 0.15, "changed " + weak);
      double strong = changed(proposals(editor, 1, 0.9));
      assertTrue(strong > 0.15, "changed " + strong);
      assertNotEquals(proposals(editor, 1, 0.9), proposals(editor, 4, 0.9), "steps must matter");
    }
  }
}
