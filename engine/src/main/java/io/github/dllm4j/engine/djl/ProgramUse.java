package io.github.dllm4j.engine.djl;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * How a program has been used: the time in each of its methods, and every wait of the host for an
 * answer of the device. On a GPU, whose calls return before they are done, the time of a method is
 * that of its launch, and the rest is in the next wait.
 */
final class ProgramUse {
  private final Map<String, LongAdder> nanos = new ConcurrentHashMap<>();
  private final LongAdder waits = new LongAdder();
  private final LongAdder numbers = new LongAdder();

  /**
   * What happened between two moments.
   *
   * @param seconds in each method, waits for its answer included
   * @param waits synchronisations of host and device
   * @param numbers that crossed from the device
   */
  record Seen(Map<String, Double> seconds, long waits, long numbers) {

    /** Seconds in some methods together. */
    double seconds(String... methods) {
      double sum = 0;
      for (String method : methods) {
        sum += seconds.getOrDefault(method, 0.0);
      }
      return sum;
    }

    /** What happened since an earlier moment. */
    Seen since(Seen before) {
      Map<String, Double> more = new TreeMap<>();
      seconds.forEach((method, s) -> more.put(method, s - before.seconds(method)));
      return new Seen(more, waits - before.waits, numbers - before.numbers);
    }
  }

  void ran(String method, long duration) {
    nanos.computeIfAbsent(method, name -> new LongAdder()).add(duration);
  }

  void waited(String method, long duration, int count) {
    ran(method, duration);
    waits.increment();
    numbers.add(count);
  }

  /** All so far. */
  Seen seen() {
    Map<String, Double> seconds = new TreeMap<>();
    nanos.forEach((method, sum) -> seconds.put(method, sum.sum() * 1e-9));
    return new Seen(seconds, waits.sum(), numbers.sum());
  }
}
