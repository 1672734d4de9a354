package io.github.dllm4j.engine.ctmc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A kernel's line is its row. */
class LineTest {
  private static final List<ReverseKernel> LINES =
      List.of(
          ReverseKernel.tweedie(),
          ReverseKernel.euler(),
          ReverseKernel.eulerInTime(),
          ReverseKernel.tauLeaping(),
          ReverseKernel.rejectingTauLeaping(),
          ReverseKernel.maximalCoupling(),
          ReverseKernel.psi(0),
          ReverseKernel.psi(0.3),
          ReverseKernel.psi(1));

  private static double[] row(Line line, double[] law, int token) {
    double[] weights = new double[law.length];
    Arrays.setAll(weights, b -> b == token ? line.own() : line.scale() * law[b] + line.shift());
    double total = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(w -> w / total).toArray();
  }

  @Test
  void linesAreRows() {
    NoiseSchedule schedule = NoiseSchedule.logLinear(1e-3);
    Random random = new Random(3);
    for (ReverseKernel kernel : LINES) {
      for (int tokens : new int[] {1, 2, 9}) {
        for (double[] times : new double[][] {{1, 0.6}, {0.5, 0.49}, {0.3, 0}, {1e-3, 1e-4}}) {
          NoiseLevel from = schedule.at(times[0]);
          NoiseLevel to = schedule.at(times[1]);
          double[] law = random.doubles(tokens).map(u -> u < 0.3 ? 0 : u).toArray();
          law[0] += 0.1;
          double sum = Arrays.stream(law).sum();
          double[] loo = Arrays.stream(law).map(p -> p / sum).toArray();
          for (int x = 0; x < tokens; x++) {
            double[] expected = kernel.row(NoiseProcess.uniform(tokens), loo, x, from, to);
            Line line = kernel.line(tokens, loo[x], from, to).orElseThrow();
            assertArrayEquals(expected, row(line, loo, x), 1e-12, kernel + " of " + tokens);
          }
        }
      }
    }
  }

  /** Displacements that add up are no line: the sampler must not think so. */
  @Test
  void additiveTauLeapingIsNone() {
    NoiseSchedule schedule = NoiseSchedule.logLinear(1e-3);
    assertTrue(
        ReverseKernel.additiveTauLeaping()
            .line(5, 0.2, schedule.at(0.5), schedule.at(0.4))
            .isEmpty());
  }
}
