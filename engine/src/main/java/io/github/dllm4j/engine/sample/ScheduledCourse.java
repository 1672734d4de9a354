package io.github.dllm4j.engine.sample;

import java.util.stream.IntStream;

/** Where before what: all positions are known from the start, and only those are asked about. */
final class ScheduledCourse implements Course {
  private final int[] holes;
  private final int[] revealSteps;
  private final double[] sigmas;
  private int filled;
  private int step = -1;
  private int[] asked = {};

  ScheduledCourse(ScheduledPlan plan, SamplingTask task) {
    holes = task.canvas().holes();
    revealSteps = plan.revealSteps(task.canvas(), task.seed(), task.sample());
    sigmas = plan.sigmas(task.canvas(), task.seed(), task.sample());
    toNextStep();
  }

  private void toNextStep() {
    while (!finished()) {
      step++;
      asked =
          IntStream.range(0, holes.length)
              .filter(h -> revealSteps[h] == step)
              .map(h -> holes[h])
              .toArray();
      if (asked.length > 0) {
        return;
      }
    }
  }

  @Override
  public boolean finished() {
    return filled == holes.length;
  }

  @Override
  public int step() {
    return step;
  }

  @Override
  public double sigma() {
    return sigmas[step];
  }

  @Override
  public int[] asked() {
    return asked;
  }

  @Override
  public int[] advance(double[] confidences) {
    int[] all = IntStream.range(0, asked.length).toArray();
    filled += asked.length;
    toNextStep();
    return all;
  }
}
