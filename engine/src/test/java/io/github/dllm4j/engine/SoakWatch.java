package io.github.dllm4j.engine;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.GenerationResult.Text;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One submitted request: sees its steps, ends it as it is meant to end, and compares what came of
 * it with its twin, the same request made alone.
 */
final class SoakWatch implements GenerationListener {

  /** How a request is meant to end. */
  enum Fate {
    /** By itself. */
    COMPLETE,
    /** Cancelled by its listener's call of {@link Generation#cancel} after some steps. */
    CANCEL_IN_STEP,
    /** Cancelled by its client at any moment. */
    CANCEL,
    /** Stopped by its listener's answer after some steps. */
    STOP,
    /** By a short deadline. */
    DEADLINE,
    /** By itself, with another seed than its twin: it must not be taken for the twin. */
    WRONG
  }

  final Fate fate;
  final List<String> faults = new ArrayList<>();
  private final GenerationResult twin;
  private final int after; // steps until the listener ends it
  private final int[] steps; // by sample
  private final int[] late; // by sample, steps after it was told to end
  private final List<List<Long>> times = new ArrayList<>(); // by sample, of its steps
  private volatile @Nullable Generation generation;
  private volatile boolean told;

  SoakWatch(Fate fate, GenerationResult twin, int after) {
    this.fate = fate;
    this.twin = twin;
    this.after = after;
    steps = new int[twin.samples().size()];
    late = new int[twin.samples().size()];
    twin.samples().forEach(sample -> times.add(new ArrayList<>()));
  }

  void watch(Generation submitted) {
    generation = submitted;
  }

  Generation generation() {
    Generation known = generation;
    if (known == null) {
      throw new IllegalStateException("not submitted");
    }
    return known;
  }

  /** Cancels it now; a step that had begun may still be seen. */
  void cancel() {
    generation().cancel();
    told = true;
  }

  @Override
  public boolean onStep(Step step) {
    times.get(step.sample()).add(System.nanoTime());
    late[step.sample()] += told ? 1 : 0;
    steps[step.sample()]++;
    List<String> fills = twin.samples().get(step.sample()).fills();
    if (fate != Fate.WRONG && !fills.get(0).startsWith(step.settled())) {
      faults.add("settled " + step.settled() + " is not how the twin begins: " + fills.get(0));
    }
    if (steps[step.sample()] == after && fate == Fate.CANCEL_IN_STEP && generation != null) {
      cancel();
    }
    if (steps[step.sample()] == after && fate == Fate.STOP) {
      told = true;
      return false;
    }
    return true;
  }

  /** Most steps that one sample made after it was told to end. */
  int late() {
    return Arrays.stream(late).max().orElse(0);
  }

  /** Most steps of one sample that were seen after a moment, {@link System#nanoTime}. */
  int lateSince(long moment) {
    return times.stream()
        .mapToInt(own -> (int) own.stream().filter(time -> time - moment > 0).count())
        .max()
        .orElse(0);
  }

  /** Compares the result with the twin; whether all samples are complete. */
  boolean compare(GenerationResult result) {
    boolean complete = true;
    for (int s = 0; s < steps.length; s++) {
      Text text = result.samples().get(s);
      if (text.finish() == Finish.CANCELLED || text.finish() == Finish.DEADLINE) {
        complete = false;
      } else if (!SubmitTest.untimed(text).equals(SubmitTest.untimed(twin.samples().get(s)))) {
        faults.add(
            "sample " + s + " is " + text.text() + ", alone " + twin.samples().get(s).text());
      }
    }
    if (complete
        && fate != Fate.WRONG
        && !SubmitTest.untimed(result).equals(SubmitTest.untimed(twin))) {
      faults.add("the result is " + result.plan() + ", alone " + twin.plan());
    }
    return complete;
  }
}
