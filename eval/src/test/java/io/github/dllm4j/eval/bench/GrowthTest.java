package io.github.dllm4j.eval.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.SamplingTimes;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Exponents of costs that are powers. */
class GrowthTest {
  private static final BenchSettings AT =
      new BenchSettings(
          new NetworkShape(800, 16, 1, 2, 32, 0, false),
          2,
          16,
          3,
          Update.ADAMW,
          List.of(Precision.FP32),
          "cpu",
          1,
          0);

  @Test
  void exponentsAreThoseOfTheCosts() throws IOException {
    List<Probe> asked = new ArrayList<>();
    Growth growth =
        Growth.measure(
            AT,
            List.of(8, 32, 64),
            Precision.FP32,
            probe -> {
              asked.add(probe);
              return result(probe);
            },
            line -> {});
    List<Growth.Sweep> sweeps = growth.sweeps();
    assertEquals(
        List.of("length", "vocabulary", "batch", "steps", "positions", "states"),
        sweeps.stream().map(Growth.Sweep::size).toList());
    double[] time = {1.5, 0, 1, 1, 1.5, 0.5};
    double[] memory = {1, 0.5, 1, 0, 1, 0.5};
    for (int i = 0; i < time.length; i++) {
      assertEquals(time[i], sweeps.get(i).timeExponent(), 1e-9, sweeps.get(i).size());
      assertEquals(memory[i], sweeps.get(i).memoryExponent(), 1e-9, sweeps.get(i).size());
    }
    // Lengths are measured with as many steps as they allow, never more than asked for.
    assertEquals(3 * (3 + 5 * 4), asked.size());
    assertEquals(8, asked.get(0).steps());
    assertTrue(asked.stream().allMatch(probe -> probe.steps() <= 16));
    assertTrue(growth.csv().contains("vocabulary,8,"), growth.csv());
    assertEquals((byte) 'P', growth.png("here")[1]);
  }

  /** Seconds and MiB that are powers of the sizes. */
  private static Probe.Result result(Probe probe) {
    double length = probe.shape().length();
    if (probe.kind() == Probe.Kind.PLAN || probe.kind() == Probe.Kind.ENUMERATE) {
      boolean plan = probe.kind() == Probe.Kind.PLAN;
      double seconds = plan ? Math.pow(length, 1.5) : Math.sqrt(Math.pow(2, length));
      double mib = plan ? length : seconds;
      return new Probe.Result(
          new SamplingTimes(seconds, 0, 0, 0, 1, 0, 0, 0, 0), 100, 100 + mib, 0, 0, 0);
    }
    double steps = length < 16 ? 16 : probe.steps();
    double seconds = Math.pow(length, 1.5) * probe.batch() * steps;
    double mib = length * probe.batch() * Math.sqrt(probe.shape().vocabulary());
    SamplingTimes times =
        new SamplingTimes(seconds, 0, 0, 0, probe.steps(), probe.steps(), 0, 0, 0);
    return new Probe.Result(times, 100, 100 + mib, 0, 0, 0);
  }
}
