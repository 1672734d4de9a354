package io.github.dllm4j.eval.bench;

import io.github.dllm4j.engine.djl.Benchmark;
import java.util.Collections;
import java.util.List;

/**
 * Repeated measurements of one thing.
 *
 * @param median of them
 * @param least of them
 * @param most of them
 * @param repeats how many there were
 */
public record Spread(double median, double least, double most, int repeats) {

  /** Of some numbers, at least one. */
  public static Spread of(List<Double> numbers) {
    return new Spread(
        Benchmark.median(numbers),
        Collections.min(numbers),
        Collections.max(numbers),
        numbers.size());
  }
}
