package io.github.dllm4j.engine.djl;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The calls of all programs of the process, for its end: an exit takes PyTorch's library apart, and
 * a call that still runs then ends in a crash. A class of its own, which loads nothing of PyTorch.
 */
public final class RunningCalls {
  /** Held together by running calls, alone by the end of the process. */
  private static final ReentrantReadWriteLock LOCK = new ReentrantReadWriteLock();

  private RunningCalls() {}

  /** A call begins; until {@link #end} the process does not end. */
  static void begin() {
    LOCK.readLock().lock();
  }

  /** A call is over. */
  static void end() {
    LOCK.readLock().unlock();
  }

  /**
   * Waits until no call is running and lets none begin any more: for a process that is about to
   * exit.
   *
   * @return whether none is running; false after ten seconds
   */
  public static boolean finish() {
    try {
      return LOCK.writeLock().tryLock(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
