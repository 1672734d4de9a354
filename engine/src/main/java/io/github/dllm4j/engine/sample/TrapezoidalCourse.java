package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Two leaps per step; the second needs the laws that the first one saw. */
final class TrapezoidalCourse implements Course {
  private final TrapezoidalPlan plan;
  private final SamplingTask task;
  private int[] left; // holes, ascending
  private double[][] before = {}; // laws of the holes left after a first leap; empty before it
  private int[] chosen = {}; // indices into left
  private int step;

  TrapezoidalCourse(TrapezoidalPlan plan, SamplingTask task) {
    this.plan = plan;
    this.task = task;
    left = task.canvas().holes();
  }

  private boolean second() {
    return before.length > 0;
  }

  @Override
  public boolean finished() {
    return left.length == 0;
  }

  @Override
  public int step() {
    return step;
  }

  @Override
  public double sigma() {
    return plan.sigma(step, second());
  }

  @Override
  public int[] asked() {
    return left;
  }

  @Override
  public boolean changesLaws() {
    return true;
  }

  /** A hole is filled in one of the two leaps at most, so both may draw with the same uniform. */
  @Override
  public double[][] changed(double[][] laws) {
    double[][] rows = laws.clone();
    double[] chances = new double[laws.length];
    Arrays.fill(chances, plan.firstChance(step));
    for (int i = 0; i < laws.length && second(); i++) {
      double[] rates = plan.secondRates(before[i], laws[i]);
      double total = DoubleStream.of(rates).sum();
      chances[i] = plan.secondChance(step, total);
      rows[i] = total > 0 ? DoubleStream.of(rates).map(r -> r / total).toArray() : laws[i];
    }
    int leap = 2 * step + (second() ? 1 : 0);
    chosen = IntStream.range(0, laws.length).filter(i -> uniform(leap, i) < chances[i]).toArray();
    before = second() || plan.isLast(step) ? new double[0][] : without(chosen, laws);
    return rows;
  }

  private double uniform(int leap, int i) {
    return KeyedRandom.uniform(task.seed(), task.sample(), leap, left[i], Purpose.REVEAL_STEP);
  }

  private static double[][] without(int[] chosen, double[][] laws) {
    return IntStream.range(0, laws.length)
        .filter(i -> Arrays.binarySearch(chosen, i) < 0)
        .mapToObj(i -> laws[i])
        .toArray(double[][]::new);
  }

  @Override
  public int[] advance(double[] confidences) {
    int[] asked = left;
    left =
        IntStream.range(0, asked.length)
            .filter(i -> Arrays.binarySearch(chosen, i) < 0)
            .map(i -> asked[i])
            .toArray();
    if (!second()) {
      step++;
    }
    return chosen.clone();
  }
}
