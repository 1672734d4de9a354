package io.github.dllm4j.engine;

import io.github.dllm4j.engine.GenerationResult.Finish;
import io.github.dllm4j.engine.Preparation.Prepared;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.SamplingRun;
import io.github.dllm4j.engine.sample.StepEvent;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way: waiting, prepared, running, ended. Moved by one thread at a time; {@link
 * #cancel} and {@link #why} are for any.
 */
final class Job {
  private final GenerationRequest request;
  private final Opening opening;
  private final GenerationListener listener;
  private final Canvas canvas;
  private final Texts texts;
  private final String model;
  private final long begin = System.nanoTime();
  private volatile boolean cancelled;
  private volatile boolean prepared;
  private @Nullable Prepared ready;
  private @Nullable SamplingRun run;
  private @Nullable Finish interrupted; // why the run ended before it was complete

  Job(
      GenerationRequest request,
      Opening opening,
      GenerationListener listener,
      Canvas canvas,
      Texts texts,
      String model) {
    this.request = request;
    this.opening = opening;
    this.listener = listener;
    this.canvas = canvas;
    this.texts = texts;
    this.model = model;
  }

  /** Ends it after the step that is being made. */
  void cancel() {
    cancelled = true;
  }

  /** Why no further step may be made, if so. */
  Optional<Finish> why() {
    if (cancelled) {
      return Optional.of(Finish.CANCELLED);
    }
    return nanosLeft() <= 0 ? Optional.of(Finish.DEADLINE) : Optional.empty();
  }

  /** Time to the deadline, nanoseconds; very long if there is none. */
  long nanosLeft() {
    return request
        .deadline()
        .map(time -> saturated(time) - (System.nanoTime() - begin))
        .orElse(Long.MAX_VALUE);
  }

  private static long saturated(Duration time) {
    return time.toSeconds() < 1L << 32 ? time.toNanos() : Long.MAX_VALUE;
  }

  /** Samples that are made at the same time, at most. */
  int samples() {
    return request.samples();
  }

  /** Makes its plan, if it has not ended before. */
  void prepare(Preparation preparation) {
    try {
      ready = preparation.prepare(request, canvas, () -> why().isPresent());
      run = ready.start().apply(this::onStep);
    } catch (Watched.EndedException e) {
      ready = null;
    }
    prepared = true;
  }

  private boolean onStep(StepEvent event) {
    if (listener == GenerationListener.NONE) {
      return true;
    }
    try {
      boolean keeps = Objects.requireNonNull(ready).keeps();
      return listener.onStep(texts.step(event, canvas, opening, keeps));
    } catch (Error e) {
      throw new IllegalStateException("the listener failed: " + e, e);
    }
  }

  /** Whether it has been prepared. */
  boolean prepared() {
    return prepared;
  }

  /** Its run, once it is prepared. */
  SamplingRun run() {
    return Objects.requireNonNull(run);
  }

  /** Whether it has steps to make and may make them; stops it if not. */
  boolean going() {
    if (run == null) {
      return false;
    }
    if (run.finished()) {
      interrupted = interrupted == null ? Finish.CANCELLED : interrupted; // by the listener
      return false;
    }
    Optional<Finish> end = why();
    if (end.isPresent()) {
      interrupted = end.get();
      run.stop();
    }
    return end.isEmpty();
  }

  /** Frees what its run holds, whatever became of it. */
  void release() {
    if (run != null) {
      run.stop();
    }
  }

  /**
   * The result with what is there; of a request that ended before it was planned, nothing is.
   *
   * @throws RuntimeException what it failed with
   */
  GenerationResult result() {
    SamplingRun made = prepared ? run : null;
    Finish why = interrupted == null ? why().orElse(Finish.CANCELLED) : interrupted;
    List<Sample> samples =
        made == null
            ? IntStream.range(0, request.samples()).mapToObj(s -> Sample.unmade(canvas)).toList()
            : made.samples();
    double seconds = (System.nanoTime() - begin) * 1e-9;
    return new GenerationResult(
        samples.stream().map(s -> texts.text(s, canvas, request, opening, seconds, why)).toList(),
        model,
        prepared && ready != null ? ready.plan() : unplanned(),
        request.seed(),
        PyTorch.versions());
  }

  private GenerationPlan unplanned() {
    return new GenerationPlan(
        request.sampler().map(SamplerChoice::sampler).orElse("none"),
        "none",
        OptionalInt.empty(),
        Optional.empty(),
        Optional.empty(),
        0,
        "ended before it was planned");
  }
}
