package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PyTorchThreadTest {

  @Test
  void allCallersShareOneThread() {
    List<Thread> seen =
        IntStream.range(0, 64)
            .parallel()
            .mapToObj(i -> PyTorchThread.call(Thread::currentThread))
            .distinct()
            .toList();
    assertEquals(1, seen.size());
    assertNotSame(Thread.currentThread(), seen.get(0));
    assertSame(
        seen.get(0), PyTorchThread.call(() -> PyTorchThread.call(Thread::currentThread)), "nested");
  }

  @Test
  void whatIsThrownIsThrownHere() {
    IllegalStateException own = new IllegalStateException("mine");
    Supplier<Integer> failing =
        () -> {
          throw own;
        };
    assertSame(own, assertThrows(IllegalStateException.class, () -> PyTorchThread.call(failing)));
    assertEquals(3, PyTorchThread.call(() -> 3));
  }

  @Test
  void anInterruptedCallerWaitsForItsAnswer() {
    Thread.currentThread().interrupt();
    assertEquals(7, PyTorchThread.call(() -> 7));
    assertTrue(Thread.interrupted());
  }

  @Test
  void othersComeInBetweenSteps() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch others = new CountDownLatch(1);
    AtomicInteger steps = new AtomicInteger();
    Thread other =
        new Thread(
            () -> {
              try {
                begun.await();
              } catch (InterruptedException e) {
                return;
              }
              PyTorchThread.call(steps::get);
              others.countDown();
            });
    other.start();
    // Ends only when the other was let in.
    PyTorchThread.repeat(
        () -> {
          steps.incrementAndGet();
          begun.countDown();
          return others.getCount() > 0;
        });
    assertTrue(others.await(1, TimeUnit.SECONDS));
    other.join();
    assertTrue(steps.get() >= 1);
  }
}
