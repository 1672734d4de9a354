package io.github.dllm4j.engine.sample;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The samples of one call to a sampler, on their way: a sampler starts runs and moves any number of
 * them by one step, those that fit together in one network call. Runs may be added between steps,
 * and one that is stopped or fails leaves the others alone: no run's result depends on its company.
 * For one thread at a time.
 */
public final class SamplingRun {
  private final StepListener listener;
  private final List<Part> parts = new ArrayList<>();
  private boolean going = true;
  private @Nullable RuntimeException failure;

  /** What a run goes on with: one sample, or some that are made together. */
  interface Part {
    /** Whether nothing is left to do. */
    boolean finished();

    /** What there is, in order. */
    List<Sample> samples();

    /** Releases what it holds; nothing by default. */
    default void release() {}
  }

  SamplingRun(StepListener listener) {
    this.listener = listener;
  }

  void add(Part part) {
    parts.add(part);
  }

  /** The first parts that are not finished, at most so many; none after a stop. */
  <T extends Part> Stream<T> open(Class<T> kind, int most) {
    return parts.stream().filter(part -> going && !part.finished()).limit(most).map(kind::cast);
  }

  /** Whether its parts still move. */
  boolean going() {
    return going;
  }

  /** Tells the listener, who may stop the run. */
  void report(StepEvent event) {
    going = listener.onStep(event) && going;
  }

  /** Ends the run because something failed; the first failure counts. */
  void fail(RuntimeException reason) {
    failure = failure == null ? reason : failure;
    stop();
  }

  /** Whether something failed. */
  boolean failed() {
    return failure != null;
  }

  /** Ends the run with what is there; may be called again. */
  public void stop() {
    going = false;
    parts.forEach(Part::release);
  }

  /** Whether nothing is left to do: every sample is complete, or the run was stopped, or failed. */
  public boolean finished() {
    return !going || parts.stream().allMatch(Part::finished);
  }

  /**
   * The samples as they are, in the order of the tasks.
   *
   * @throws RuntimeException what the network, a constraint or the listener threw, if the run
   *     failed
   */
  public List<Sample> samples() {
    if (failure != null) {
      throw failure;
    }
    return parts.stream().flatMap(part -> part.samples().stream()).toList();
  }
}
