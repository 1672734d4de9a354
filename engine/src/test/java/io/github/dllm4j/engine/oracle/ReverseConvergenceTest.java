package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The order of every kernel of uniform noise, log2 of the ratio of its errors at 64 and 128 steps
 * of the log-linear grid from alpha = 1e-5, where the start costs below 1e-9 nats
 * (uniform-diffusion spec 5).
 *
 * <p>Output KL: 2 for a law of full support, 1 for a parity, within 0.1, for all kernels. Chain KL:
 * 1 within 0.2 for the two that Theorem 11 covers, Tweedie and additive tau-leaping; the parity
 * comes from below, since its phi has a logarithm at 0. The others have no such order on this grid:
 * Euler clips its first steps and makes the chain KL infinite, a coupling has another chain
 * altogether, and the chains of truncated tau-leaping shrink with an order below a half.
 */
class ReverseConvergenceTest {
  private static final double EPSILON = 1e-5;
  private static final int STEPS = 64;

  private static Map<String, ReverseKernel> kernels() {
    Map<String, ReverseKernel> kernels = new LinkedHashMap<>();
    kernels.put("tweedie", ReverseKernel.tweedie());
    kernels.put("additive-tau-leaping", ReverseKernel.additiveTauLeaping());
    kernels.put("euler", ReverseKernel.euler());
    kernels.put("euler in time", ReverseKernel.eulerInTime());
    kernels.put("tau-leaping", ReverseKernel.tauLeaping());
    kernels.put("rejecting-tau-leaping", ReverseKernel.rejectingTauLeaping());
    kernels.put("maximal-coupling", ReverseKernel.maximalCoupling());
    return kernels;
  }

  private static ReversePlan plan(String name, ReverseKernel kernel, int steps) {
    return name.equals("euler in time")
        ? ReversePlan.inTime(NoiseSchedule.logLinear(EPSILON), 1e-5, steps, kernel)
        : ReversePlan.of(TimeGrid.logLinear(EPSILON, steps), kernel);
  }

  private static double order(double coarse, double fine) {
    return Math.log(coarse / fine) / Math.log(2);
  }

  @Test
  void ordersOfTheKernels(TestReporter reporter) {
    for (String name : new String[] {"generic_S4_d2", "evenparity_S2_d5"}) {
      ExactLaw law = UniformGolden.law(name);
      NoiseProcess noise = NoiseProcess.uniform(law.symbols());
      ExactReverse exact = ExactReverse.of(law, noise);
      ExactPath path = new ExactPath(law, noise, NoisyOracle.uniform(law));
      kernels()
          .forEach(
              (kernel, k) -> {
                ReversePlan coarse = plan(kernel, k, STEPS);
                ReversePlan fine = plan(kernel, k, 2 * STEPS);
                double error = Divergence.kl(law.table(), exact.outputLaw(fine));
                double before = Divergence.kl(law.table(), exact.outputLaw(coarse));
                double chain = path.chainKl(fine);
                double chainBefore = path.chainKl(coarse);
                String line =
                    String.format(
                        Locale.ROOT,
                        "%s, %s: output KL %.3g, order %.2f; chain KL %.3g, order %.2f",
                        name,
                        kernel,
                        error,
                        order(before, error),
                        chain,
                        order(chainBefore, chain));
                reporter.publishEntry("order", line);
                double expected = name.startsWith("evenparity") ? 1 : 2;
                assertEquals(expected, order(before, error), 0.1, line);
                switch (kernel) {
                  case "tweedie", "additive-tau-leaping" ->
                      assertEquals(1, order(chainBefore, chain), 0.2, line);
                  case "euler", "euler in time" ->
                      assertEquals(Double.POSITIVE_INFINITY, chain, line);
                  default -> assertTrue(order(chainBefore, chain) < 0.5, line);
                }
              });
    }
  }
}
