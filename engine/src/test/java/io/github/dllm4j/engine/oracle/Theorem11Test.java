package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationDecay;
import io.github.dllm4j.engine.info.ReverseCost;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * KL of the samples &lt;= KL of the chain &lt;= path KL &lt;= bounds of Theorem 11, all computed
 * exactly, for every family of exact laws; and what is not covered breaks it.
 */
class Theorem11Test {
  private static final double ROUNDING = 1e-11;

  private static Map<String, ExactLaw> families() {
    Map<String, ExactLaw> laws = new LinkedHashMap<>();
    UniformGolden.CASES.forEach(name -> laws.put(name, UniformGolden.law(name)));
    double[][] stay = {{0.8, 0.2}, {0.3, 0.7}};
    double[] start = {0.6, 0.4};
    laws.put("product", ExactLaw.product(new double[][] {{0.9, 0.1}, {0.2, 0.8}, {1, 0}}));
    laws.put(
        "Dirac mixture",
        ExactLaw.diracMixture(
            new int[][] {{0, 1, 2}, {1, 1, 0}, {2, 0, 2}}, new double[] {0.5, 0.3, 0.2}, 3));
    laws.put("latent parity", ExactLaw.latentParity(2, 3));
    laws.put("zero sum", ExactLaw.zeroSum(4, 3));
    laws.put("Reed-Solomon", ExactLaw.reedSolomon(3, 2, 5));
    laws.put("Markov", ExactLaw.markov(6, start, stay));
    laws.put("Potts", ExactLaw.potts(4, 3, 1.2));
    laws.put(
        "hidden Markov",
        ExactLaw.hiddenMarkov(4, start, stay, new double[][] {{0.7, 0.2, 0.1}, {0, 0.1, 0.9}}));
    laws.put(
        "tree",
        ExactLaw.tree(
            new double[][] {{1, 2}, {1, 1}, {3, 1}, {1, 1}},
            List.of(
                new ExactLaw.TreeEdge(0, 1, new double[][] {{3, 1}, {1, 3}}),
                new ExactLaw.TreeEdge(0, 2, new double[][] {{1, 2}, {2, 1}}),
                new ExactLaw.TreeEdge(2, 3, new double[][] {{0, 1}, {1, 5}}))));
    return laws;
  }

  /** What one law costs on one grid, nats. */
  private record Costs(double output, double chain, double path, double bound) {

    void requireOrder(String what) {
      assertTrue(ordered(), what + ": " + this);
    }

    boolean ordered() {
      return output <= chain + ROUNDING && chain <= path + ROUNDING && path <= bound + ROUNDING;
    }
  }

  private static Costs costs(
      ExactLaw law, InformationDecay decay, ReverseKernel kernel, TimeGrid grid, double bound) {
    NoiseProcess noise = NoiseProcess.uniform(law.symbols());
    ReversePlan plan = ReversePlan.of(grid, kernel);
    double output = Divergence.kl(law.table(), ExactReverse.of(law, noise).outputLaw(plan));
    double chain = new ExactPath(law, noise, new NoisyOracle(law, noise)).chainKl(plan);
    return new Costs(output, chain, ReverseCost.pathKl(decay, grid), bound);
  }

  @Test
  void everyFamilyKeepsTheOrder(TestReporter reporter) {
    families()
        .forEach(
            (name, law) -> {
              InformationDecay decay = new ExactDecay(law);
              for (int steps : new int[] {1, 4, 16}) {
                TimeGrid uniform = TimeGrid.uniform(8, steps);
                double data = ReverseCost.dataBound(decay, 8, steps);
                double any = ReverseCost.universalBound(law.length(), law.symbols(), 8, steps);
                assertTrue(data <= any + ROUNDING, name + ": " + data + " above " + any);
                check(reporter, name, law, decay, uniform, data);
                for (TimeGrid grid :
                    List.of(TimeGrid.logLinear(1e-3, steps), TimeGrid.geometric(6, 0.01, steps))) {
                  double bound = ReverseCost.anyGridBound(law.length(), law.symbols(), grid);
                  check(reporter, name, law, decay, grid, bound);
                }
              }
            });
  }

  private static void check(
      TestReporter reporter,
      String name,
      ExactLaw law,
      InformationDecay decay,
      TimeGrid grid,
      double bound) {
    Costs tau = costs(law, decay, ReverseKernel.additiveTauLeaping(), grid, bound);
    Costs tweedie = costs(law, decay, ReverseKernel.tweedie(), grid, bound);
    String what = String.format(Locale.ROOT, "%s, %d steps", name, grid.steps());
    tau.requireOrder(what + ", tau-leaping");
    tweedie.requireOrder(what + ", tweedie");
    assertTrue(tweedie.chain <= tau.chain + ROUNDING, what + ": " + tweedie + " above " + tau);
    reporter.publishEntry(
        what + " from " + String.format(Locale.ROOT, "%.3g", grid.level(0)),
        String.format(
            Locale.ROOT,
            "tau-leaping: output %.3g, slack %.3g, %.3g, %.3g to chain, path, bound;"
                + " tweedie: output %.3g, chain %.3g",
            tau.output,
            tau.chain - tau.output,
            tau.path - tau.chain,
            tau.bound - tau.path,
            tweedie.output,
            tweedie.chain));
  }

  /** The slide's right-hand side, its hidden constant taken as 1, is no bound: d D ln(S/D). */
  @Test
  void theBoundWithoutItsConstantsIsRejected(TestReporter reporter) {
    ExactLaw law = UniformGolden.law("evenparity_S2_d5");
    InformationDecay decay = new ExactDecay(law);
    TimeGrid grid = TimeGrid.uniform(8, 4);
    double slide =
        ReverseCost.initialBound(law.length(), law.symbols(), 8)
            + law.length() * 2 * Math.log(law.symbols() / 2.0);
    Costs costs = costs(law, decay, ReverseKernel.additiveTauLeaping(), grid, slide);
    reporter.publishEntry("constant 1", costs.toString());
    assertFalse(costs.ordered(), costs.toString());
    double right = ReverseCost.dataBound(decay, 8, 4);
    costs(law, decay, ReverseKernel.additiveTauLeaping(), grid, right).requireOrder("right");
  }

  /**
   * A denoiser where a leave-one-out law belongs does not converge, so its chain leaves the bound.
   */
  @Test
  void theWrongSlotIsRejected(TestReporter reporter) {
    ExactLaw law = UniformGolden.law("product_S3_d3");
    NoiseProcess noise = NoiseProcess.uniform(3);
    TimeGrid grid = TimeGrid.logLinear(1e-3, 64);
    ReversePlan plan = ReversePlan.of(grid, ReverseKernel.tweedie());
    double path = ReverseCost.pathKl(new ExactDecay(law), grid);
    double wrong = new ExactPath(law, noise, TestHeads.denoiserInTheWrongSlot(law)).chainKl(plan);
    double right = new ExactPath(law, noise, NoisyOracle.uniform(law)).chainKl(plan);
    reporter.publishEntry(
        "wrong slot",
        String.format(Locale.ROOT, "%.3g, right %.3g, path %.3g", wrong, right, path));
    assertTrue(right <= path && wrong > path, wrong + " should be above " + path);
  }

  /**
   * Truncated tau-leaping lets a token jump at most once per step, the reverse process more often,
   * so its path KL is infinite; already its chain on the log-linear grid leaves the bound.
   */
  @Test
  void truncatedTauLeapingIsRejected(TestReporter reporter) {
    ExactLaw law = UniformGolden.law("generic_S4_d2");
    InformationDecay decay = new ExactDecay(law);
    TimeGrid grid = TimeGrid.logLinear(1e-3, 64);
    double bound = ReverseCost.anyGridBound(2, 4, grid);
    Costs truncated = costs(law, decay, ReverseKernel.tauLeaping(), grid, bound);
    reporter.publishEntry("truncated tau-leaping", truncated.toString());
    assertTrue(truncated.chain > truncated.path, truncated.toString());
    costs(law, decay, ReverseKernel.additiveTauLeaping(), grid, bound).requireOrder("additive");
  }

  @Test
  void aCorrectorHasNoChain() {
    ExactLaw law = UniformGolden.law("generic_S4_d2");
    ExactPath path = new ExactPath(law, NoiseProcess.uniform(4), NoisyOracle.uniform(law));
    ReversePlan plan =
        ReversePlan.of(TimeGrid.uniform(8, 4), ReverseKernel.tweedie())
            .withCorrector(GibbsCorrector.random(1));
    Exception refused = assertThrows(IllegalArgumentException.class, () -> path.chainKl(plan));
    assertTrue(String.valueOf(refused.getMessage()).contains("corrector"));
  }
}
