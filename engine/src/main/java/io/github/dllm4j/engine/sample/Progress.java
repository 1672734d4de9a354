package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;

/** How far one task has come: its tokens, and which holes its next non-empty step fills. */
final class Progress {
  private final int index;
  private final SamplingTask task;
  private final int[] holes;
  private final int[] revealSteps;
  private final double[] sigmas;
  private final int[] tokens;
  private int step = -1;
  private int[] next = {};
  private int filled;
  private int evaluations;

  Progress(int index, SamplingTask task, int mask) {
    this.index = index;
    this.task = task;
    holes = task.canvas().holes();
    tokens = task.canvas().tokens();
    for (int hole : holes) {
      if (tokens[hole] != mask) {
        throw new IllegalArgumentException(
            "holes must hold MASK, id %d, got %d at position %d"
                .formatted(mask, tokens[hole], hole));
      }
    }
    revealSteps = task.plan().revealSteps(task.canvas(), task.seed(), task.sample());
    sigmas = task.plan().sigmas(task.canvas(), task.seed(), task.sample());
    advance();
  }

  /** Moves to the next step that fills something. */
  private void advance() {
    while (!finished()) {
      step++;
      next =
          java.util.stream.IntStream.range(0, holes.length)
              .filter(h -> revealSteps[h] == step)
              .map(h -> holes[h])
              .toArray();
      if (next.length > 0) {
        return;
      }
    }
  }

  SamplingTask task() {
    return task;
  }

  boolean finished() {
    return filled == holes.length;
  }

  /** Total noise of the next step, nats. */
  double sigma() {
    return sigmas[step];
  }

  /** The positions that the next step fills, ascending. */
  int[] next() {
    return next;
  }

  int[] tokens() {
    return tokens;
  }

  /** The uniform that decides the token at a position at the next step. */
  double uniform(int position) {
    return KeyedRandom.uniform(task.seed(), task.sample(), step, position, Purpose.DRAW);
  }

  /** Fills the holes of the next step and moves on to the one after it. */
  StepEvent fill(int[] drawn) {
    for (int i = 0; i < next.length; i++) {
      tokens[next[i]] = drawn[i];
    }
    filled += next.length;
    evaluations++;
    StepEvent event = new StepEvent(index, step, task.plan().steps(), tokens.clone(), next);
    advance();
    return event;
  }

  Sample sample() {
    return new Sample(tokens, task.plan().steps(), evaluations, finished());
  }

  @Override
  public String toString() {
    return "Progress[task=%d, step=%d, tokens=%s]".formatted(index, step, Arrays.toString(tokens));
  }
}
