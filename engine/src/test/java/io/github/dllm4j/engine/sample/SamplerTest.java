package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.train.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int MASK = 3;

  private abstract static class Masked implements Denoiser {
    @Override
    public int vocabulary() {
      return MASK + 1;
    }

    @Override
    public OptionalInt mask() {
      return OptionalInt.of(MASK);
    }

    @Override
    public Representation representation() {
      return Representation.DENOISER;
    }
  }

  /** A chain of any length, which counts calls and rows. */
  private static final class Counting extends Masked {
    private int calls;
    private int rows;
    private int largestBatch;

    @Override
    public TokenLaws predict(TokenBatch batch, Rows asked) {
      calls++;
      rows += asked.size();
      largestBatch = Math.max(largestBatch, batch.size());
      return new OracleDenoiser(ExactLaw.potts(batch.length(), MASK, 1)).predict(batch, asked);
    }
  }

  /** Whoever writes a denoiser by hand is told what is wrong with it. */
  @Test
  void aDenoiserThatBreaksItsContractIsNamed() {
    double[][] masks = {{0, 0, 0, 1}, {0, 0, 0, 1}};
    double[][] narrow = {{0.5, 0.5, 0}, {0.5, 0.5, 0}};
    double[][] few = {{0.5, 0.5, 0, 0}};
    assertEquals(
        "the denoiser must give MASK, id 3, the probability 0, it was drawn at position 0",
        refusal(masks));
    assertEquals(
        "the denoiser must answer 2 rows with laws over 4 ids, got 2 over 3", refusal(narrow));
    assertEquals(
        "the denoiser must answer 2 rows with laws over 4 ids, got 1 over 4", refusal(few));
  }

  private static String refusal(double[][] laws) {
    Denoiser wrong =
        new Masked() {
          @Override
          public TokenLaws predict(TokenBatch batch, Rows asked) {
            return HeapLaws.of(laws);
          }
        };
    SamplingTask task = SamplingTask.of(Canvas.blank(2, MASK), SizePlan.of(2), 1, 0);
    return Refusal.message(
        IllegalStateException.class,
        () -> new Sampler(wrong, 1).run(List.of(task), StepListener.NONE));
  }

  private static List<SamplingTask> mixedTasks() {
    List<SamplingTask> tasks = new ArrayList<>();
    TimeGrid grid = TimeGrid.exponentialThenConstant(8, 0.02, 9);
    for (int s = 0; s < 7; s++) {
      tasks.add(SamplingTask.of(Canvas.blank(6, MASK), SizePlan.cosine(6, 3), 1, s));
      Canvas prompt = Canvas.of(new int[] {0, 1, MASK, MASK, 2, MASK}, MASK);
      tasks.add(new SamplingTask(prompt, SizePlan.balanced(3, 3), 2, s, 0.7, 0.9));
      ChancePlan chances = ChancePlan.of(grid, TauLeaping.TRUNCATED);
      tasks.add(SamplingTask.of(Canvas.blank(5 + s % 2, MASK), chances, 3, s));
      AdaptivePlan surest =
          AdaptivePlan.mostConfident(SizePlan.balanced(6, 4), Confidence.CANDIDATE);
      tasks.add(SamplingTask.of(Canvas.blank(6, MASK), surest, 4, s));
      tasks.add(SamplingTask.of(prompt, AdaptivePlan.entropyBound(0.3), 5, s));
      RemaskPlan remask = RemaskPlan.capped(TimeGrid.uniform(4, 20), 0.3);
      tasks.add(SamplingTask.of(prompt, remask, 6, s));
    }
    return tasks;
  }

  @Test
  void resultsDependNeitherOnBatchSizeNorOnOrder() {
    List<SamplingTask> tasks = mixedTasks();
    List<Sample> alone = new Sampler(new Counting(), 1).run(tasks, StepListener.NONE);
    List<SamplingTask> reversed = new ArrayList<>(tasks);
    Collections.reverse(reversed);
    for (int maxBatch : new int[] {2, 5, 100}) {
      Counting denoiser = new Counting();
      List<Sample> together = new Sampler(denoiser, maxBatch).run(reversed, StepListener.NONE);
      for (int i = 0; i < tasks.size(); i++) {
        Sample other = together.get(tasks.size() - 1 - i);
        assertArrayEquals(alone.get(i).tokens(), other.tokens());
        assertEquals(alone.get(i).evaluations(), other.evaluations());
      }
      assertTrue(denoiser.largestBatch <= maxBatch);
    }
  }

  @Test
  void fixedTokensStayAndEveryHoleIsFilled() {
    for (Sample sample : new Sampler(new Counting(), 8).run(mixedTasks(), StepListener.NONE)) {
      assertTrue(sample.complete());
      for (int token : sample.tokens()) {
        assertTrue(token >= 0 && token < MASK);
      }
    }
    int[] prompt = {0, 1, MASK, MASK, 2, MASK};
    SamplingTask task = SamplingTask.of(Canvas.of(prompt, MASK), SizePlan.of(3), 0, 0);
    int[] tokens =
        new Sampler(new Counting(), 1).run(List.of(task), StepListener.NONE).get(0).tokens();
    assertEquals(0, tokens[0]);
    assertEquals(1, tokens[1]);
    assertEquals(2, tokens[4]);
  }

  @Test
  void emptyStepsCostNothingAndOnlyChosenRowsAreAsked() {
    TimeGrid grid = TimeGrid.uniform(8, 1000);
    ChancePlan plan = ChancePlan.of(grid, TauLeaping.MODIFIED);
    Counting denoiser = new Counting();
    SamplingTask task = SamplingTask.of(Canvas.blank(6, MASK), plan, 4, 0);
    Sample sample = new Sampler(denoiser, 1).run(List.of(task), StepListener.NONE).get(0);
    assertTrue(denoiser.calls <= 6);
    assertEquals(denoiser.calls, sample.evaluations());
    assertEquals(1000, sample.steps());
    assertEquals(6, denoiser.rows);
  }

  @Test
  void theListenerSeesEveryStepInOrder() {
    List<StepEvent> events = new ArrayList<>();
    SamplingTask task = SamplingTask.of(Canvas.blank(6, MASK), SizePlan.of(1, 2, 3), 5, 0);
    Sample sample = new Sampler(new Counting(), 1).run(List.of(task), events::add).get(0);
    assertEquals(3, events.size());
    int[] before = Canvas.blank(6, MASK).tokens();
    for (int k = 0; k < 3; k++) {
      StepEvent event = events.get(k);
      assertEquals(0, event.task());
      assertEquals(k, event.step());
      assertEquals(3, event.steps());
      assertEquals(k + 1, event.filled().length);
      int[] after = event.tokens();
      for (int position : event.filled()) {
        assertEquals(MASK, before[position]);
        before[position] = after[position];
      }
      assertArrayEquals(before, after, "nothing else changes");
    }
    assertArrayEquals(before, sample.tokens());
  }

  @Test
  void theListenerCanStop() {
    Counting denoiser = new Counting();
    SamplingTask task = SamplingTask.of(Canvas.blank(6, MASK), SizePlan.balanced(6, 6), 6, 0);
    Sample sample = new Sampler(denoiser, 1).run(List.of(task), e -> e.step() < 2).get(0);
    assertFalse(sample.complete());
    assertEquals(3, sample.evaluations());
    assertEquals(3, denoiser.calls);
    int left = 0;
    for (int token : sample.tokens()) {
      left += token == MASK ? 1 : 0;
    }
    assertEquals(3, left);
  }

  @Test
  void remaskingEmptiesHolesAndFillsThemAgain() {
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 30);
    RemaskPlan plan = RemaskPlan.rescaled(grid, 1);
    List<StepEvent> events = new ArrayList<>();
    Canvas canvas = Canvas.of(new int[] {0, MASK, MASK, MASK, MASK, MASK}, MASK);
    SamplingTask task = SamplingTask.of(canvas, plan, 8, 0);
    Sample sample = new Sampler(new Counting(), 1).run(List.of(task), events::add).get(0);
    int filled = 0;
    for (StepEvent event : events) {
      filled += event.filled().length;
      assertEquals(0, event.tokens()[0]);
    }
    assertTrue(filled > 5, "filled " + filled);
    assertTrue(sample.complete());
    for (int token : sample.tokens()) {
      assertTrue(token < MASK);
    }
    assertThrows(IllegalArgumentException.class, () -> RemaskPlan.capped(grid, 1.5));
  }

  @Test
  void aCanvasWithoutHolesIsDone() {
    Counting denoiser = new Counting();
    Canvas full = Canvas.of(new int[] {0, 1, 2}, MASK);
    SamplingTask task = SamplingTask.of(full, SizePlan.balanced(0, 4), 0, 0);
    Sample sample = new Sampler(denoiser, 1).run(List.of(task), StepListener.NONE).get(0);
    assertTrue(sample.complete());
    assertEquals(0, denoiser.calls);
    assertArrayEquals(full.tokens(), sample.tokens());
  }

  @Test
  void refusesWhatDoesNotFit() {
    Sampler sampler = new Sampler(new Counting(), 1);
    SamplingTask other = SamplingTask.of(Canvas.blank(3, 7), SizePlan.of(3), 0, 0);
    assertThrows(
        IllegalArgumentException.class, () -> sampler.run(List.of(other), StepListener.NONE));
    SamplingTask sizes = SamplingTask.of(Canvas.blank(3, MASK), SizePlan.of(4), 0, 0);
    assertThrows(
        IllegalArgumentException.class, () -> sampler.run(List.of(sizes), StepListener.NONE));
    SamplingTask surest =
        SamplingTask.of(
            Canvas.blank(3, MASK),
            AdaptivePlan.mostConfident(SizePlan.of(4), Confidence.MARGIN),
            0,
            0);
    assertThrows(
        IllegalArgumentException.class, () -> sampler.run(List.of(surest), StepListener.NONE));
    assertThrows(IllegalArgumentException.class, () -> AdaptivePlan.entropyBound(-1));
    assertThrows(
        IllegalArgumentException.class,
        () -> AdaptivePlan.threshold(Double.NaN, Confidence.CANDIDATE));
    assertThrows(IllegalArgumentException.class, () -> new Sampler(new Counting(), 0));
    Canvas canvas = Canvas.blank(3, MASK);
    assertThrows(
        IllegalArgumentException.class,
        () -> new SamplingTask(canvas, SizePlan.of(3), 0, -1, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new SamplingTask(canvas, SizePlan.of(3), 0, 0, 0, 1));
    assertThrows(
        IllegalArgumentException.class, () -> new SamplingTask(canvas, SizePlan.of(3), 0, 0, 1, 2));
  }
}
