package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.train.Update;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the benchmark counts; its times can only be checked against each other. */
class BenchmarkTest {
  private static final NetworkShape SHAPE = new NetworkShape(1000, 16, 2, 2, 12, 0, false);

  @Test
  void countsTheOperationsOfEveryProduct() {
    NetworkFlops flops = new NetworkFlops(SHAPE);
    // queries, keys, values and output 4 D^2, feed-forward 8 D^2; scores and values 2 N D.
    double perToken = 2 * (12 * 16 * 16 + 2 * 12 * 16);
    double head = 2 * 16 * 1000;
    int all = 3 * 12;
    assertEquals(all * (2 * perToken + head), flops.everywhere(3, 12) + flops.asked(all));
    // Where nobody asks, the last block needs no output of attention and no feed-forward branch.
    assertEquals(all * (2 * perToken - 2 * 9 * 16 * 16), flops.everywhere(3, 12));
  }

  @Test
  void samplersAreTimedInParts() {
    try (Benchmark benchmark = new Benchmark(SHAPE, "cpu");
        Benchmark.Run run = benchmark.in(Precision.FP32)) {
      SamplingTimes first = run.sample(3, 12, 4, 1);
      parts(first);
      assertEquals(4, first.steps());
      assertEquals(4, first.evaluations());
      assertEquals(4, first.synchronisations(), "one a step");
      assertEquals(3 * 12, first.numbersToHost(), "one a token");
      NetworkFlops flops = benchmark.flops();
      assertEquals(4 * flops.everywhere(3, 12) + flops.asked(3 * 12), first.networkFlop());

      SamplingTimes all = run.sampleFromAllLogits(3, 12, 4, 1);
      parts(all);
      assertEquals(4 * (flops.everywhere(3, 12) + flops.asked(3 * 12)), all.networkFlop());
    }
  }

  private static void parts(SamplingTimes times) {
    assertTrue(times.trunkSeconds() > 0, times.toString());
    assertTrue(times.headSeconds() > 0, times.toString());
    assertTrue(times.drawSeconds() > 0, times.toString());
    assertTrue(times.hostSeconds() > 0, times.toString());
    double overhead = times.drawSeconds() + times.hostSeconds();
    assertEquals(overhead / times.seconds(), times.overheadShare(), 1e-12);
  }

  @Test
  void passesAreTimed() {
    try (Benchmark benchmark = new Benchmark(SHAPE, "cpu")) {
      assertTrue(benchmark.peakGflops(Precision.FP32, 0) > 0);
      try (Benchmark.Run run = benchmark.in(Precision.FP32)) {
        assertTrue(benchmark.forward(run, 2) > 0);
      }
      for (Update update : Update.values()) {
        Benchmark.Training training = benchmark.training(Precision.FP32, update, 4);
        assertTrue(training.step(false) > 0);
        assertTrue(training.step(true) > 0);
        double everywhere = benchmark.flops().everywhere(4, 12);
        double asked = benchmark.flops().asked(1);
        int rows = (int) Math.round((training.flop(false) / 3 - everywhere) / asked);
        assertTrue(Math.abs(rows - 4 * 6.5) <= 4, "half of the tokens and half a token: " + rows);
        assertEquals(3 * (everywhere + 48 * asked), training.flop(true));
      }
    }
  }

  @Test
  void threadsAreTuned() {
    Map<Integer, Double> speeds = PyTorch.tuneThreads(2);
    assertEquals(List.of(1, 2), List.copyOf(speeds.keySet()));
    assertTrue(speeds.containsKey(PyTorch.threads()));
    PyTorch.setThreads(1);
  }

  @Test
  void theMedianIsTheMiddle() {
    assertEquals(2, Benchmark.median(List.of(9.0, 2.0, 1.0)));
    assertEquals(2.5, Benchmark.median(List.of(3.0, 9.0, 2.0, 1.0)));
  }
}
