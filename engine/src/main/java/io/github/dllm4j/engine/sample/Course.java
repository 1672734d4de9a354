package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.CachedContext;
import java.util.Optional;

/** The steps of one sample as its plan lays them out; knows positions, not tokens. */
interface Course {

  /** Whether every hole has been filled. */
  boolean finished();

  /** Index of the next step that fills something. */
  int step();

  /**
   * What keys the draws of the next network call; no two calls of a sample share it if they draw at
   * the same position.
   */
  default int key() {
    return step();
  }

  /** Total noise at the next step, nats. */
  double sigma();

  /** The positions whose laws the next step needs, ascending. */
  int[] asked();

  /**
   * Leave to answer the next step approximately, if its plan gives it.
   *
   * @param tokens as they are before the step, [length]; not changed
   */
  default Optional<CachedContext> context(int[] tokens) {
    return Optional.empty();
  }

  /** What the next step wants to know of those laws besides the draws. */
  default Optional<Confidence> confidence() {
    return Optional.empty();
  }

  /**
   * Whether the next step draws on the host, from {@link #changed} laws or together, and not from
   * the network's laws where they are.
   */
  default boolean changesLaws() {
    return false;
  }

  /**
   * The laws to draw from at the asked positions; asked for once per step, before {@link #advance}.
   *
   * @param laws the network's, after temperature and nucleus, [asked][vocabulary]; not changed
   * @return [asked][vocabulary]
   */
  default double[][] changed(double[][] laws) {
    return laws;
  }

  /**
   * Makes the step.
   *
   * @param confidences of the asked positions, [asked], or nothing if none was wanted
   * @return indices into {@link #asked} of the positions to fill, ascending
   */
  int[] advance(double[] confidences);

  /** The positions that hold MASK again after {@link #advance}, ascending. */
  default int[] remasked() {
    return new int[0];
  }

  /** The course of a plan for one sample. */
  static Course of(SamplingTask task) {
    Course own = ofPlan(task);
    return task.together().isPresent() ? new JointCourse(own, task.canvas()) : own;
  }

  private static Course ofPlan(SamplingTask task) {
    if (task.plan() instanceof ScheduledPlan plan) {
      return new ScheduledCourse(plan, task);
    } else if (task.plan() instanceof CorrectedPlan plan) {
      return new CorrectedCourse(plan, task);
    } else if (task.plan() instanceof AdaptivePlan plan) {
      return new AdaptiveCourse(plan, task.canvas());
    } else if (task.plan() instanceof TrapezoidalPlan plan) {
      return new TrapezoidalCourse(plan, task);
    } else if (task.plan() instanceof BlockPlan plan) {
      return new BlockCourse(plan, task);
    }
    return new RemaskCourse((RemaskPlan) task.plan(), task);
  }
}
