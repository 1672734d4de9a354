package io.github.dllm4j.engine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;

/** A request that {@link TextGenerator#submit} took: waiting, being made, or done. */
public final class Generation {
  private final CompletableFuture<GenerationResult> future = new CompletableFuture<>();
  private final Job job;
  private final Runnable wake;
  private final BooleanSupplier mover;

  /**
   * Of a job.
   *
   * @param wake makes whoever moves the job look at it
   * @param mover whether the calling thread is the one that moves the job, and so cannot wait
   */
  Generation(Job job, Runnable wake, BooleanSupplier mover) {
    this.job = job;
    this.wake = wake;
    this.mover = mover;
  }

  Job job() {
    return job;
  }

  /** Ends it with what its job has. */
  void end() {
    try {
      future.complete(job.result());
    } catch (Throwable e) {
      future.completeExceptionally(e);
    }
  }

  /** Ends it with a failure. */
  void fail(Throwable reason) {
    future.completeExceptionally(reason);
  }

  /**
   * Makes no further step: the result has what is there, and its unfinished samples say CANCELLED.
   * Does nothing if it is done.
   */
  public void cancel() {
    job.cancel();
    wake.run();
  }

  /** Whether the result is there. */
  public boolean done() {
    return future.isDone();
  }

  /**
   * Waits for the result.
   *
   * @throws InterruptedException if the waiting thread is; the generation goes on
   * @throws IllegalArgumentException if the request does not fit the model
   * @throws IllegalStateException if it is not there yet and a listener of a submitted request, or
   *     what is chained to a {@link #stage()}, asks: it holds the thread that would make it
   * @throws RuntimeException whatever the network or the listener failed with
   */
  public GenerationResult result() throws InterruptedException {
    if (mover.getAsBoolean() && !future.isDone()) {
      throw new IllegalStateException(
          "the generator's own thread cannot wait for a generation: leave the listener or the stage"
              + " first, or wait on another thread");
    }
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException reason) {
        throw reason;
      }
      throw new IllegalStateException("the generation failed: " + e.getCause(), e.getCause());
    }
  }

  /**
   * The result when it is there. What is chained to it without an executor runs on the generator's
   * own thread and holds up other requests while it does.
   */
  public CompletionStage<GenerationResult> stage() {
    return future.minimalCompletionStage();
  }
}
