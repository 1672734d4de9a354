package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/** What before where: every open hole is asked about at every step, and the plan keeps some. */
final class AdaptiveCourse implements Course {
  private final AdaptivePlan plan;
  private final int length;
  private int[] left; // holes, ascending
  private int step;

  AdaptiveCourse(AdaptivePlan plan, Canvas canvas) {
    plan.steps(canvas.holeCount()); // refuses a plan for another number
    this.plan = plan;
    length = canvas.length();
    left = canvas.holes();
  }

  @Override
  public boolean finished() {
    return left.length == 0;
  }

  @Override
  public int step() {
    return step;
  }

  /** From the share of the whole canvas that is masked. */
  @Override
  public double sigma() {
    return -Math.log1p(-left.length / (double) length);
  }

  @Override
  public int[] asked() {
    return Arrays.copyOf(left, plan.open(left.length));
  }

  @Override
  public Optional<Confidence> confidence() {
    return Optional.of(plan.confidence());
  }

  @Override
  public int[] advance(double[] confidences) {
    int[] kept = plan.keep(step, asked(), confidences);
    int[] before = left;
    left =
        IntStream.range(0, before.length)
            .filter(i -> Arrays.binarySearch(kept, i) < 0)
            .map(i -> before[i])
            .toArray();
    step++;
    return kept;
  }
}
