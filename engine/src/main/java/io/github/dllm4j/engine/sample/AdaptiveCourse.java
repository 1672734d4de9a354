package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.CachedContext;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/** What before where: every open hole is asked about at every step, and the plan keeps some. */
final class AdaptiveCourse implements Course {
  private final AdaptivePlan plan;
  private final int length;
  private final int[] holes; // of the whole canvas, ascending
  private int[] left; // holes, ascending
  private int step;
  private Optional<CachedContext> context = Optional.empty();
  private int block; // which the context is for
  private int refreshed; // step at which the context was made

  AdaptiveCourse(AdaptivePlan plan, Canvas canvas) {
    plan.steps(canvas.holeCount()); // refuses a plan for another number
    this.plan = plan;
    length = canvas.length();
    holes = canvas.holes();
    left = holes;
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

  /** The whole block, from its first hole to its last; what it was when it was refreshed. */
  @Override
  public Optional<CachedContext> context(int[] tokens) {
    if (plan.cache().isEmpty()) {
      return Optional.empty();
    }
    ApproximateCache cache = plan.cache().get();
    int now = plan.block(left.length);
    if (context.isEmpty() || now != block || step - refreshed >= cache.refresh()) {
      int[] own = plan.holesOf(now, holes);
      boolean toEnd = cache.kind() == ApproximateCache.Kind.PREFIX;
      int end = toEnd ? length : own[own.length - 1] + 1;
      context = Optional.of(new CachedContext(tokens.clone(), own[0], end));
      block = now;
      refreshed = step;
    }
    return context;
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
