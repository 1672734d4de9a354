package io.github.dllm4j.engine;

import io.github.dllm4j.engine.sample.SamplingRun;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Requests that are made together. They wait in one queue, in order; one thread plans them, another
 * moves all that are under way by one step at a time, takes in those that are planned as others
 * end, and ends those that are cancelled or late, waiting or not. Both threads are daemons.
 */
final class RequestLoop {
  private final Preparation preparation;
  private final int maxBatch;
  private final int maxQueue;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Generation> waiting = new ArrayList<>();
  private final List<Generation> active = new ArrayList<>(); // changed by the loop's thread only
  private final Thread planner = thread("dllm-planner", this::plan);
  private final Thread loop = thread("dllm-loop", this::loop);
  private boolean started;
  private boolean closing;

  /**
   * A loop.
   *
   * @param maxBatch most samples under way at once, but for one request that has more
   * @param maxQueue most requests that wait
   */
  RequestLoop(Preparation preparation, int maxBatch, int maxQueue) {
    this.preparation = preparation;
    this.maxBatch = maxBatch;
    this.maxQueue = maxQueue;
  }

  private static Thread thread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Takes a job in.
   *
   * @throws RejectedExecutionException if the queue is full
   * @throws IllegalStateException if it is closed
   */
  Generation submit(Job job) {
    Generation generation = new Generation(job, this::wake, this::isOwnThread);
    lock.lock();
    try {
      if (closing) {
        throw new IllegalStateException("the generator is closed");
      }
      if (waiting.size() >= maxQueue) {
        throw new RejectedExecutionException(
            String.format(
                Locale.ROOT,
                "the queue is full: %d requests wait, at most %d",
                maxQueue,
                maxQueue));
      }
      waiting.add(generation);
      if (!started) {
        started = true;
        planner.start();
        loop.start();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    return generation;
  }

  /** Requests that wait. */
  int waiting() {
    lock.lock();
    try {
      return waiting.size();
    } finally {
      lock.unlock();
    }
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Plans what waits, in order, until the loop closes. */
  private void plan() {
    for (Optional<Generation> next = unplanned(); next.isPresent(); next = unplanned()) {
      Generation generation = next.get();
      try {
        generation.job().prepare(preparation);
        wake();
      } catch (Throwable e) {
        lock.lock();
        try {
          waiting.remove(generation);
        } finally {
          lock.unlock();
        }
        generation.fail(e);
      }
    }
  }

  private Optional<Generation> unplanned() {
    lock.lock();
    try {
      while (!closing) {
        Optional<Generation> next = waiting.stream().filter(g -> !g.job().prepared()).findFirst();
        if (next.isPresent()) {
          return next;
        }
        changed.awaitUninterruptibly();
      }
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  /** One step of all that is under way, again and again, until the loop closes. */
  private void loop() {
    try {
      for (List<SamplingRun> runs = next(); !runs.isEmpty(); runs = next()) {
        try {
          preparation.rounds().round(runs);
        } catch (Throwable e) {
          active.forEach(generation -> generation.fail(e));
          active.forEach(generation -> generation.job().cancel());
        }
      }
    } catch (Throwable e) {
      fail(e);
    }
  }

  /** Takes nothing in any more and fails all there is: whoever waits must not wait for ever. */
  private void fail(Throwable reason) {
    lock.lock();
    try {
      closing = true;
      active.forEach(generation -> generation.fail(reason));
      waiting.forEach(generation -> generation.fail(reason));
      active.clear();
      waiting.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends what is done and takes in what fits; waits for something to do; nothing: closed. */
  private List<SamplingRun> next() {
    while (true) {
      List<Generation> ended = new ArrayList<>();
      List<SamplingRun> runs;
      boolean closed;
      lock.lock();
      try {
        if (closing) {
          waiting.forEach(generation -> generation.job().cancel());
          active.forEach(generation -> generation.job().cancel());
        }
        drop(active, ended);
        admit(ended);
        runs = active.stream().map(generation -> generation.job().run()).toList();
        closed = closing && waiting.isEmpty();
        if (runs.isEmpty() && ended.isEmpty() && !closed) {
          await();
        }
      } finally {
        lock.unlock();
      }
      ended.forEach(Generation::end);
      if (!runs.isEmpty() || closed) {
        return runs;
      }
    }
  }

  private static void drop(List<Generation> generations, List<Generation> ended) {
    for (Iterator<Generation> all = generations.iterator(); all.hasNext(); ) {
      Generation generation = all.next();
      if (!generation.job().going()) {
        all.remove();
        ended.add(generation);
      }
    }
  }

  /** Moves from the queue what is planned and fits, in order, and ends what is late. */
  private void admit(List<Generation> ended) {
    int samples = active.stream().mapToInt(generation -> generation.job().samples()).sum();
    boolean room = true;
    for (Iterator<Generation> all = waiting.iterator(); all.hasNext(); ) {
      Generation generation = all.next();
      Job job = generation.job();
      if (job.prepared() ? !job.going() : job.why().isPresent()) {
        all.remove();
        ended.add(generation);
      } else if (job.prepared() && room) {
        room = samples == 0 || samples + job.samples() <= maxBatch;
        if (room) {
          samples += job.samples();
          all.remove();
          active.add(generation);
        }
      }
    }
  }

  /** Until something changes, or the next deadline. */
  @SuppressWarnings("WaitNotInLoop") // the caller looks again at everything
  private void await() {
    long nanos =
        waiting.stream()
            .mapToLong(generation -> generation.job().nanosLeft())
            .min()
            .orElse(Long.MAX_VALUE);
    try {
      changed.awaitNanos(Math.min(nanos, TimeUnit.HOURS.toNanos(1)));
    } catch (InterruptedException e) {
      // Nobody else knows this thread: there is nothing to end but what close() ends.
    }
  }

  /** Whether the caller is one of its threads. */
  boolean isOwnThread() {
    return Thread.currentThread() == loop || Thread.currentThread() == planner;
  }

  /** Ends everything with what is there and waits for the threads; not for its own threads. */
  void close() {
    lock.lock();
    try {
      closing = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (loop.isAlive() || planner.isAlive()) {
      try {
        planner.join();
        loop.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
