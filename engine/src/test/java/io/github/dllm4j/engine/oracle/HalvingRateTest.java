package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.ReversePlan;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The polylogarithmic rate (uniform-diffusion spec 8.3, golden 05c): on the halving grid with one
 * exact sweep per level, every further level costs d + 1 evaluations and divides the divergence by
 * a constant, so that evaluations grow like ln(1/error). Without corrector the error stays. The
 * plans are those that the command line makes.
 */
class HalvingRateTest {

  /**
   * A law with full support gains a factor that itself grows; where the last step's error is of
   * order sigma^2 (two Diracs) or sigma (parity), the factor tends to 4 or 2: halving sigma once
   * more leaves a quarter or a half.
   */
  @Test
  void evaluationsAreLinearAndTheErrorGeometricInTheLevels(TestReporter reporter) {
    rate(reporter, "markov_S3_d4", 12, 10);
    rate(reporter, "twodirac_S3_d3", 14, 3.9);
    rate(reporter, "evenparity_S2_d5", 16, 1.99);
  }

  private static void rate(TestReporter reporter, String name, int last, double leastFactor) {
    ExactLaw law = UniformGolden.law(name);
    ExactReverse exact = ExactReverse.of(law, NoiseProcess.uniform(law.symbols()));
    int d = law.length();
    double before = Double.POSITIVE_INFINITY;
    for (int levels = last - 6; levels <= last; levels++) {
      ReverseChoice choice =
          ReverseChoice.ofSampler("tweedie").withGrid("halving", 8, Math.scalb(8.0, 1 - levels));
      ReversePlan plan = choice.withCorrector("gibbs", d, "sweep").plan(1);
      assertEquals(levels, plan.steps());
      assertEquals(levels + (levels - 1) * d, plan.evaluations());
      double kl = Divergence.kl(law.table(), exact.outputLaw(plan));
      double alone = Divergence.kl(law.table(), exact.outputLaw(choice.plan(1)));
      reporter.publishEntry(
          name,
          String.format(
              Locale.ROOT,
              "%d levels, %d evaluations: KL %.3g, 1/%.3g of the level before; without corrector"
                  + " %.3g",
              levels,
              plan.evaluations(),
              kl,
              before / kl,
              alone));
      assertTrue(kl < alone, name + " " + levels);
      if (levels > last - 3) {
        assertTrue(before / kl >= leastFactor, name + " " + levels + ": " + before / kl);
      }
      before = kl;
    }
  }
}
