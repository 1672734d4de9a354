package io.github.dllm4j.eval.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the microbenchmarks and prints their table; nothing is asserted of a time.
 * Not named as a test, so that it runs only when it is asked for.
 */
class HostBenchmarkRun {
  @Test
  void allOfThemRun() throws RunnerException {
    String all = HostBenchmark.class.getSimpleName();
    assertEquals(16, new Runner(new OptionsBuilder().include(all).build()).run().size());
  }
}
