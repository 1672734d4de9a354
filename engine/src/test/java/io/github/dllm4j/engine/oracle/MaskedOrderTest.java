package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.sample.TrapezoidalPlan;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The order of each masked predictor: log2 of the ratio of errors of the exact output law at 128
 * and 256 steps (spec sections 0 and 15.2).
 *
 * <pre>
 *                                        TV   KL   conditional KL
 * tau-leaping family, full support       1    2    1
 * tau-leaping family, hard constraints   1    1    1
 * theta-trapezoidal, weakly dependent    2    4    -
 * theta-trapezoidal, else                1    2 or 1, with a smaller constant
 * </pre>
 *
 * <p>The trapezoidal rule loses an order where one token makes a value of another rarer than a2/a1
 * of what it was: there the positive part of its rates cuts them off.
 */
class MaskedOrderTest {
  private static final int STEPS = 128;

  private static final String TRAPEZOIDAL = "THETA_TRAPEZOIDAL ";

  /** A member of the tau-leaping family by name, or the trapezoidal rule with its theta. */
  private static RevealPlan plan(String predictor, int steps) {
    TimeGrid grid = TimeGrid.alphaLinear(12, steps);
    return predictor.startsWith(TRAPEZOIDAL)
        ? TrapezoidalPlan.of(grid, Double.parseDouble(predictor.substring(TRAPEZOIDAL.length())))
        : ChancePlan.of(grid, TauLeaping.valueOf(predictor));
  }

  /** A chain whose tokens stay the same with probability 0.62, or a law of the golden file. */
  private static ExactLaw law(String name) {
    return name.equals("potts") ? ExactLaw.potts(4, 2, 0.5) : Golden.law(name);
  }

  private static double order(double coarse, double fine) {
    return Math.log(coarse / fine) / Math.log(2);
  }

  private record Orders(double tv, double kl, double conditional) {}

  private static Orders orders(TestReporter reporter, String name, String predictor) {
    ExactLaw law = law(name);
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    ExactSampling exact = new ExactSampling(new OracleDenoiser(law), canvas, 1, 1);
    RevealPlan coarse = plan(predictor, STEPS);
    RevealPlan fine = plan(predictor, 2 * STEPS);
    double[] p = law.table();
    double[] first = exact.outputLaw(coarse);
    double[] second = exact.outputLaw(fine);
    double tv = order(Divergence.totalVariation(p, first), Divergence.totalVariation(p, second));
    double kl = order(Divergence.kl(p, first), Divergence.kl(p, second));
    double conditional = Double.NaN;
    if (coarse instanceof ChancePlan one && fine instanceof ChancePlan two) {
      conditional =
          order(
              SamplingCost.conditionalKl(law.curve().orElseThrow(), one),
              SamplingCost.conditionalKl(law.curve().orElseThrow(), two));
    }
    Golden.say(
        reporter,
        "order of " + predictor + " on " + name,
        String.format(
            Locale.ROOT,
            "TV %.3f, KL %.3f, conditional KL %.3f at %d steps; KL %.2e, then %.2e",
            tv,
            kl,
            conditional,
            STEPS,
            Divergence.kl(p, first),
            Divergence.kl(p, second)));
    return new Orders(tv, kl, conditional);
  }

  @Test
  void tauLeapingFamily(TestReporter reporter) {
    for (TauLeaping kind : TauLeaping.values()) {
      for (String name : new String[] {"potts", "markov_d4_S2", "latent_parity_k2"}) {
        Orders orders = orders(reporter, name, kind.name());
        assertEquals(1, orders.tv(), 0.05, kind + " on " + name);
        assertEquals(name.startsWith("latent") ? 1 : 2, orders.kl(), 0.05, kind + " on " + name);
        assertEquals(1, orders.conditional(), 0.05, kind + " on " + name);
      }
    }
  }

  @Test
  void trapezoidal(TestReporter reporter) {
    for (String predictor : new String[] {TRAPEZOIDAL + 0.5, TRAPEZOIDAL + 0.3}) {
      Orders weak = orders(reporter, "potts", predictor);
      assertEquals(2, weak.tv(), 0.3, predictor);
      assertEquals(4, weak.kl(), 0.6, predictor);
      Orders strong = orders(reporter, "markov_d4_S2", predictor);
      assertEquals(1, strong.tv(), 0.1, predictor);
      assertEquals(2, strong.kl(), 0.2, predictor);
      Orders constrained = orders(reporter, "latent_parity_k2", predictor);
      assertEquals(1, constrained.tv(), 0.05, predictor);
      assertEquals(1, constrained.kl(), 0.05, predictor);
    }
  }

  /** At equal calls, that is half the steps. */
  @Test
  void twoCallsPerStepPayOnFullSupportOnly() {
    assertTrue(kl("markov_d4_S2", "THETA_TRAPEZOIDAL 0.5", 8) < kl("markov_d4_S2", "MODIFIED", 16));
    assertTrue(
        kl("latent_parity_k2", "THETA_TRAPEZOIDAL 0.5", 8)
            > kl("latent_parity_k2", "MODIFIED", 16));
  }

  private static double kl(String name, String predictor, int steps) {
    RevealPlan plan = plan(predictor, steps);
    ExactLaw law = law(name);
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    double[] out = new ExactSampling(new OracleDenoiser(law), canvas, 1, 1).outputLaw(plan);
    return Divergence.kl(law.table(), out);
  }
}
