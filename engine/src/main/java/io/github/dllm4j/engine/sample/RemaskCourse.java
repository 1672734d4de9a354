package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Every hole goes back and forth between masked and filled, drawn from the seed alone, or from that
 * and the confidences of the tokens drawn so far.
 */
final class RemaskCourse implements Course {
  private final RemaskPlan plan;
  private final SamplingTask task;
  private final int[] holes;
  private final boolean[] filled;
  private final double[] confidences; // by hole, of the token it holds
  private int step = -1;
  private int[] asked = {};
  private boolean[] emptied; // by hole: masked again since the last network call

  RemaskCourse(RemaskPlan plan, SamplingTask task) {
    this.plan = plan;
    this.task = task;
    holes = task.canvas().holes();
    filled = new boolean[holes.length];
    confidences = new double[holes.length];
    emptied = new boolean[holes.length];
    toNextStep();
  }

  /** Goes through the steps up to one that fills something, or to the end. */
  private void toNextStep() {
    asked = new int[0];
    while (asked.length == 0 && step + 1 < plan.steps()) {
      step++;
      boolean[] moved = moved(step);
      asked =
          IntStream.range(0, holes.length)
              .filter(h -> moved[h] && !filled[h])
              .map(h -> holes[h])
              .toArray();
      if (asked.length == 0) {
        remask(moved);
      }
    }
  }

  /** The holes whose state a step changes. */
  private boolean[] moved(int k) {
    double[] own =
        IntStream.range(0, holes.length)
            .filter(h -> filled[h])
            .mapToDouble(h -> confidences[h])
            .toArray();
    double[] remaskChances = plan.remaskChances(k, own);
    boolean[] moved = new boolean[holes.length];
    int next = 0;
    for (int h = 0; h < holes.length; h++) {
      double uniform =
          KeyedRandom.uniform(task.seed(), task.sample(), k, holes[h], Purpose.REVEAL_STEP);
      moved[h] = uniform < (filled[h] ? remaskChances[next++] : plan.fillChance(k));
    }
    return moved;
  }

  private void remask(boolean[] moved) {
    for (int h = 0; h < holes.length; h++) {
      if (moved[h] && filled[h]) {
        filled[h] = false;
        emptied[h] = true;
      }
    }
  }

  @Override
  public boolean finished() {
    return asked.length == 0;
  }

  @Override
  public int step() {
    return step;
  }

  @Override
  public double sigma() {
    return plan.sigma(step);
  }

  @Override
  public int[] asked() {
    return asked;
  }

  @Override
  public Optional<Confidence> confidence() {
    return plan.looksAtConfidence() ? Optional.of(Confidence.CANDIDATE) : Optional.empty();
  }

  @Override
  public int[] advance(double[] drawn) {
    int[] all = IntStream.range(0, asked.length).toArray();
    emptied = new boolean[holes.length];
    remask(moved(step));
    for (int i = 0; i < asked.length; i++) {
      int hole = Arrays.binarySearch(holes, asked[i]);
      filled[hole] = true;
      confidences[hole] = plan.looksAtConfidence() ? drawn[i] : 0;
    }
    toNextStep();
    return all;
  }

  @Override
  public int[] remasked() {
    return IntStream.range(0, holes.length).filter(h -> emptied[h]).map(h -> holes[h]).toArray();
  }
}
