package io.github.dllm4j.engine.sample;

import java.util.Optional;

/** The steps of one sample as its plan lays them out; knows positions, not tokens. */
interface Course {

  /** Whether every hole has been filled. */
  boolean finished();

  /** Index of the next step that fills something. */
  int step();

  /** Total noise at the next step, nats. */
  double sigma();

  /** The positions whose laws the next step needs, ascending. */
  int[] asked();

  /** What the next step wants to know of those laws besides the draws. */
  Optional<Confidence> confidence();

  /**
   * Makes the step.
   *
   * @param confidences of the asked positions, [asked], or nothing if none was wanted
   * @return indices into {@link #asked} of the positions to fill, ascending
   */
  int[] advance(double[] confidences);

  /** The course of a plan for one sample. */
  static Course of(SamplingTask task) {
    return task.plan() instanceof ScheduledPlan scheduled
        ? new ScheduledCourse(scheduled, task)
        : new AdaptiveCourse((AdaptivePlan) task.plan(), task.canvas());
  }
}
