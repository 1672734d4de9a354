package io.github.dllm4j.engine.djl;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that runs PyTorch's operations, for all networks of the process; who asks waits.
 *
 * <p>The worker threads of an operation belong to the thread that calls it. As soon as two threads
 * have workers, there are more than processors, and the OpenMP library lets all of them sleep at
 * every barrier: a step of the bundled model took 2.3 times as long on a thread that had not opened
 * it (docs/bench.md). On one thread there is one set of workers, which is busy with one operation
 * at a time; a queue of operations is what a GPU has anyway. An operation that has begun is not
 * interrupted. Settings of PyTorch that are a thread's own, as the number of workers, are this
 * thread's.
 */
final class PyTorchThread {
  private static volatile @Nullable Thread own;
  private static final ThreadPoolExecutor QUEUE =
      new ThreadPoolExecutor(
          1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), PyTorchThread::thread);

  private PyTorchThread() {}

  /** Lives as long as the process and inherits nothing of whoever asks first. */
  private static Thread thread(Runnable work) {
    Thread thread = new Thread(null, work, "dllm-pytorch", 0, false);
    thread.setDaemon(true);
    own = thread;
    return thread;
  }

  /**
   * Runs step after step on the thread until one was the last. Others come in between steps, but
   * not if this is called on the thread itself.
   */
  static void repeat(BooleanSupplier step) {
    boolean more = true;
    while (more) {
      more =
          call(
              () -> {
                boolean another = step.getAsBoolean();
                while (another && QUEUE.getQueue().isEmpty()) {
                  another = step.getAsBoolean();
                }
                return another;
              });
    }
  }

  /** {@link #call} of something without a result, behind the call that is under way. */
  static void run(Runnable work) {
    call(
        () -> {
          work.run();
          return true;
        });
  }

  /** Runs something on the thread and waits for it; what it throws is thrown here. */
  static <T> T call(Supplier<T> work) {
    if (Thread.currentThread() == own) {
      return work.get();
    }
    FutureTask<T> task = new FutureTask<>(work::get);
    QUEUE.execute(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof Error failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
