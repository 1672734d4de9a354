package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.CorrectedPlan;
import io.github.dllm4j.engine.sample.RemaskPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the correctors of masking leave invariant, by enumeration of the production updates over all
 * partly filled canvases.
 */
class MaskedCorrectorTest {

  private static ExactSampling sampling(ExactLaw law, ExactLaw of) {
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    return new ExactSampling(new OracleDenoiser(of), canvas, 1, 1);
  }

  private static CanvasStates canvases(ExactLaw law, ExactLaw of) {
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    return new CanvasStates(new OracleDenoiser(of), canvas, 1, 1);
  }

  /** p(x_R) for every canvas, each mask pattern by itself a law, [(S+1)^d]. */
  private static double[] marginals(ExactLaw law, CanvasStates canvases) {
    double[] marginals = new double[canvases.count()];
    double[] table = law.table();
    for (int word = 0; word < table.length; word++) {
      for (int pattern = 0; pattern < 1 << law.length(); pattern++) {
        int state = canvases.ofWord(word);
        for (int i = 0; i < law.length(); i++) {
          state = (pattern >> i & 1) == 1 ? canvases.with(state, i, law.symbols()) : state;
        }
        marginals[state] += table[word];
      }
    }
    return marginals;
  }

  /** All tokens independent, with the right marginals: a network that has learned no more. */
  private static ExactLaw independent(ExactLaw law) {
    int[] blank = new int[law.length()];
    Arrays.fill(blank, law.symbols());
    double[][] rows = law.conditionals(blank);
    return ExactLaw.product(
        Arrays.stream(rows).map(r -> Arrays.copyOf(r, law.symbols())).toArray(double[][]::new));
  }

  private static double distance(double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += Math.abs(p[i] - q[i]);
    }
    return sum / 2;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "product_d3_S2",
        "markov_d4_S2",
        "hmm_d4_S3",
        "latent_parity_k2",
        "zero_sum_d4_q3",
        "two_dirac_d6_m6",
        "reed_solomon_d4_k2_q5"
      })
  void gibbsKeepsTheLawOfEveryMaskPatternAndIsReversible(String name) {
    ExactLaw law = Golden.law(name);
    double[] q = marginals(law, canvases(law, law));
    ExactSampling exact = sampling(law, law);
    assertEquals(0, distance(q, exact.gibbs(q)), (1 << law.length()) * 1e-14);
    double[] flow = new double[q.length];
    for (int x = 0; x < q.length; x += 7) { // detailed balance from a seventh of the states
      Arrays.fill(flow, 0);
      flow[x] = 1;
      double[] to = exact.gibbs(flow);
      for (int y = 0; y < q.length; y++) {
        if (to[y] > 0 && q[x] > 0) {
          double[] back = new double[q.length];
          back[y] = 1;
          assertEquals(q[x] * to[y], q[y] * exact.gibbs(back)[x], 1e-15);
        }
      }
    }
  }

  /** The broken twin: conditionals of a network that sees no context do not keep the law. */
  @Test
  void gibbsWithWrongConditionalsDrifts() {
    ExactLaw law = Golden.law("markov_d4_S2");
    double[] q = marginals(law, canvases(law, law));
    assertTrue(distance(q, sampling(law, independent(law)).gibbs(q)) > 0.01);
  }

  /** And with exact ones the KL of the samples falls, below the plan's conditional KL at once. */
  @Test
  void gibbsOnlyHelps(TestReporter reporter) {
    for (String name : new String[] {"markov_d4_S2", "hmm_d4_S3", "zero_sum_d4_q3"}) {
      ExactLaw law = Golden.law(name);
      ExactSampling exact = sampling(law, law);
      SizePlan plan = SizePlan.of(2, 2);
      double bound = SamplingCost.conditionalKl(law.curve().orElseThrow(), plan);
      double before = Divergence.kl(law.table(), exact.outputLaw(plan));
      StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "0: %.3e", before));
      for (int updates : new int[] {1, 2, 4, 8, 16}) {
        ExactSampling.Output output = exact.run(new CorrectedPlan(plan, updates));
        double kl = Divergence.kl(law.table(), output.law());
        line.append(String.format(Locale.ROOT, ", %d: %.3e", updates, kl));
        assertEquals(2 * (1 + updates), output.expectedEvaluations(), 1e-12);
        assertTrue(kl <= bound);
        if (Double.isFinite(before)) {
          assertTrue(kl <= before, name + ": " + line);
          before = kl;
        }
      }
      Golden.say(reporter, "KL by Gibbs updates on " + name, line.toString());
    }
    assertThrows(IllegalArgumentException.class, () -> new CorrectedPlan(SizePlan.of(2), 0));
  }

  /** TV after one forward-backward move of time h from the exact noisy law at alpha = 1/2. */
  private static double drift(ExactLaw law, ExactLaw of, double h) {
    CanvasStates canvases = canvases(law, of);
    double[] noisy = noisy(law, canvases);
    RemaskPlan plan = RemaskPlan.forwardBackward(TimeGrid.of(1, Math.log(2), 0), 1, h);
    return distance(noisy, new ExactRemasking(canvases, plan).step(1, noisy));
  }

  /** q_u at alpha = 1/2, where every mask pattern is as likely. */
  private static double[] noisy(ExactLaw law, CanvasStates canvases) {
    double[] noisy = marginals(law, canvases);
    Arrays.setAll(noisy, s -> noisy[s] / (1 << law.length()));
    return noisy;
  }

  @ParameterizedTest
  @ValueSource(strings = {"markov_d4_S2", "hmm_d4_S3", "latent_parity_k2", "zero_sum_d4_q3"})
  void forwardBackwardDriftsBySecondOrder(String name, TestReporter reporter) {
    ExactLaw law = Golden.law(name);
    double coarse = drift(law, law, 0.02);
    double fine = drift(law, law, 0.01);
    double order = Math.log(coarse / fine) / Math.log(2);
    String line =
        String.format(
            Locale.ROOT, "TV %.2e at h=0.02, %.2e at 0.01, order %.3f", coarse, fine, order);
    Golden.say(reporter, "forward-backward drift on " + name, line);
    assertEquals(2, order, 0.05, name + ": " + line);
    // The broken twin, a network that sees no context, drifts by first order.
    ExactLaw wrong = independent(law);
    double wrongOrder = Math.log(drift(law, wrong, 0.02) / drift(law, wrong, 0.01)) / Math.log(2);
    assertEquals(1, wrongOrder, 0.05, name);
  }

  @Test
  void forwardBackwardKeepsTheMasksAndAProductExactly() {
    ExactLaw product = Golden.law("product_d3_S2");
    assertEquals(0, drift(product, product, 0.5), 1e-15);
    ExactLaw law = Golden.law("hmm_d4_S3");
    CanvasStates canvases = canvases(law, law);
    RemaskPlan plan = RemaskPlan.forwardBackward(TimeGrid.of(1, Math.log(2), 0), 1, 0.5);
    double[] after = new ExactRemasking(canvases, plan).step(1, noisy(law, canvases));
    double[] patterns = new double[1 << law.length()];
    for (int state = 0; state < after.length; state++) {
      int pattern = Arrays.stream(canvases.masked(state)).map(h -> 1 << h).sum();
      patterns[pattern] += after[state];
    }
    for (double pattern : patterns) {
      assertEquals(1.0 / patterns.length, pattern, 1e-15);
    }
  }

  /** Remasking and correcting end with every hole filled, and without moves are the predictor. */
  @Test
  void theWholePlanFillsEverything() {
    ExactLaw law = Golden.law("markov_d4_S2");
    ExactSampling exact = sampling(law, law);
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 4);
    double[] none = exact.outputLaw(RemaskPlan.forwardBackward(grid, 0, 0.3));
    double[] predictor = exact.outputLaw(ChancePlan.of(grid, TauLeaping.MODIFIED));
    assertEquals(0, distance(none, predictor), 1e-15);
    TimeGrid one = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 1);
    RemaskPlan[] plans = {
      RemaskPlan.capped(one, 0.02), // of one step, in which nothing can be masked again
      RemaskPlan.rescaled(one, 0.5),
      RemaskPlan.byConfidence(one),
      RemaskPlan.capped(TimeGrid.uniform(1000, 1), 0.02), // e^-1000 is 0
      RemaskPlan.capped(TimeGrid.uniform(1000, 3), 0.02),
      RemaskPlan.forwardBackward(grid, 3, 0.3),
      RemaskPlan.byConfidence(grid),
      RemaskPlan.loop(7, 0.4),
      RemaskPlan.loop(1, 1)
    };
    for (RemaskPlan plan : plans) {
      assertEquals(1, Arrays.stream(exact.outputLaw(plan)).sum(), 1e-12, plan.toString());
    }
    assertThrows(IllegalArgumentException.class, () -> RemaskPlan.forwardBackward(grid, -1, 0.3));
    assertThrows(IllegalArgumentException.class, () -> RemaskPlan.forwardBackward(grid, 1, -0.3));
    assertThrows(IllegalArgumentException.class, () -> RemaskPlan.loop(0, 0.1));
    assertThrows(IllegalArgumentException.class, () -> RemaskPlan.loop(3, 2));
  }
}
