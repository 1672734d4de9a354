package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.stream.IntStream;

/** After every step of a predictor single filled holes are masked and drawn again. */
final class CorrectedCourse implements Course {
  private final SamplingTask task;
  private final int updates;
  private final Course predictor;
  private int[] filled = {}; // positions, ascending
  private int step;
  private int update; // 0 if the predictor is next, else which update
  private int site = -1; // position that the next update draws

  CorrectedCourse(CorrectedPlan plan, SamplingTask task) {
    this.task = task;
    updates = plan.updates();
    predictor = new ScheduledCourse(plan.predictor(), task);
  }

  @Override
  public boolean finished() {
    return update == 0 && predictor.finished();
  }

  @Override
  public int step() {
    return update == 0 ? predictor.step() : step;
  }

  @Override
  public int key() {
    return step() * (updates + 1) + update;
  }

  /** In an update from the share of the whole canvas that is masked. */
  @Override
  public double sigma() {
    if (update == 0) {
      return predictor.sigma();
    }
    int masked = task.canvas().holeCount() - filled.length + 1;
    return -Math.log1p(-masked / (double) task.canvas().length());
  }

  @Override
  public int[] asked() {
    return update == 0 ? predictor.asked() : new int[] {site};
  }

  @Override
  public int[] advance(double[] confidences) {
    int[] chosen = {0};
    if (update == 0) {
      step = predictor.step();
      filled =
          IntStream.concat(Arrays.stream(filled), Arrays.stream(predictor.asked()))
              .sorted()
              .toArray();
      chosen = predictor.advance(confidences);
    }
    update = (update + 1) % (updates + 1);
    if (update > 0) {
      double uniform =
          KeyedRandom.uniform(task.seed(), task.sample(), key(), 0, Purpose.CORRECTOR_SITE);
      site = filled[(int) (uniform * filled.length)];
    }
    return chosen;
  }

  @Override
  public int[] remasked() {
    return update == 0 ? new int[0] : new int[] {site};
  }
}
