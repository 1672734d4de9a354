package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
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

  /** The best of the particles beats, on average over seeds, the best of as many free samples. */
  @Test
  void particlesFollowAReward() throws IOException {
    try (TextGenerator generator = masking()) {
      TextEditor editor = new TextEditor(generator);
      double steered = 0;
      double free = 0;
      for (long seed = 0; seed < 8; seed++) {
        TextEditor.Effort effort = new TextEditor.Effort(8, 0, 4, 0.5, seed);
        steered += editor.steer("abcd {4} abcd", TextEditorTest::letters, effort).score();
        free +=
            generator
                .generate(GenerationRequest.template("abcd {4} abcd").withSamples(8).withSeed(seed))
                .samples()
                .stream()
                .mapToDouble(sample -> letters(sample.text()))
                .max()
                .orElseThrow();
      }
      assertTrue(steered > free, steered + " against " + free);
    }
  }
}
