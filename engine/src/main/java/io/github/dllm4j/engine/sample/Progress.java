package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.List;
import java.util.Locale;

/** How far one task has come: its course and its tokens. */
final class Progress implements SamplingRun.Part {
  private final SamplingRun run;
  private final int index;
  private final SamplingTask task;
  private final int mask;
  private final Course course;
  private final int[] tokens;
  private int evaluations;

  Progress(SamplingRun run, int index, SamplingTask task, int mask) {
    this.run = run;
    this.index = index;
    this.task = task;
    this.mask = mask;
    tokens = task.canvas().tokens();
    for (int hole : task.canvas().holes()) {
      if (tokens[hole] != mask) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "holes must hold MASK, id %d, got %d at position %d",
                mask,
                tokens[hole],
                hole));
      }
    }
    course = Course.of(task);
  }

  SamplingRun run() {
    return run;
  }

  SamplingTask task() {
    return task;
  }

  Course course() {
    return course;
  }

  int[] tokens() {
    return tokens;
  }

  /** The uniforms that decide the tokens at the asked positions, [asked]. */
  double[] uniforms() {
    int[] asked = course.asked();
    double[] uniforms = new double[asked.length];
    for (int i = 0; i < asked.length; i++) {
      uniforms[i] =
          KeyedRandom.uniform(task.seed(), task.sample(), course.key(), asked[i], Purpose.DRAW);
    }
    return uniforms;
  }

  /**
   * Draws the tokens at the asked positions on the host.
   *
   * @param laws after temperature and nucleus, or as the network says them if the task is drawn
   *     together, [asked][vocabulary]
   * @param uniforms as {@link #uniforms} gives them
   */
  int[] draw(double[][] laws, double[] uniforms) {
    if (task.together().isEmpty()) {
      return HeapLaws.of(course.changed(laws)).draw(uniforms);
    }
    return task.together()
        .get()
        .draw(tokens.clone(), course.asked(), laws, task.temperature(), task.topP(), uniforms);
  }

  /** Makes a step with the tokens drawn for the asked positions. */
  StepEvent advance(int[] drawn, double[] confidences) {
    int step = course.step();
    int[] asked = course.asked();
    int[] filled = course.advance(confidences);
    for (int i = 0; i < filled.length; i++) {
      if (drawn[filled[i]] == mask) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT,
                "the denoiser must give MASK, id %d, the probability 0, it was drawn at position %d",
                mask,
                asked[filled[i]]));
      }
      tokens[asked[filled[i]]] = drawn[filled[i]];
      filled[i] = asked[filled[i]];
    }
    for (int position : course.remasked()) {
      tokens[position] = mask;
    }
    evaluations++;
    return new StepEvent(index, step, steps(), tokens.clone(), filled);
  }

  @Override
  public boolean finished() {
    return course.finished();
  }

  @Override
  public List<Sample> samples() {
    return List.of(new Sample(tokens.clone(), steps(), evaluations, finished()));
  }

  private int steps() {
    return task.plan().steps(task.canvas().holeCount());
  }
}
