package io.github.dllm4j.engine.steer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Groups 09a to 09c: twisting functions, proposals and weights of the production particles. */
class SteeringGoldenTest {
  private static final double LAMBDA = 0.5;

  private static double reward(int[] x) {
    return 1.5 * Math.cos(1.3 * Arrays.stream(x).sum()) + 0.4 * x[0];
  }

  private static final SequenceScorer SCORE =
      sequences -> sequences.stream().mapToDouble(x -> reward(x) / LAMBDA).toArray();

  @Test
  void group09a(TestReporter reporter) {
    Golden golden = new Golden("09a twisted particles");
    for (String name : UniformGolden.cases("09a_twisted")) {
      JsonNode entry = UniformGolden.values("09a_twisted", name);
      ExactLaw law = UniformGolden.law(name);
      int moves = entry.get("N").asInt();
      Enumerated all = new Enumerated(Enumerated.uniform(law, TimeGrid.logLinear(1e-3, moves)));
      double[] weights = SCORE.score(all.states);
      double[] rewards = Arrays.stream(weights).map(w -> w * LAMBDA).toArray();
      first(golden, name + " reward", rewards, entry.get("reward"));
      double[][] psi = optimal(all, weights);
      double normaliser = dot(all.prior(), psi[0]);
      golden.close(name, Math.log(normaliser), entry.get("logZ").asDouble());
      first(golden, name + " psi", psi[0], entry.get("psi_optimal_at_T"));
      first(golden, name + " psi", psi[moves / 2], entry.get("psi_optimal_mid"));
      double[] soft = Arrays.stream(psi[moves / 2]).map(p -> LAMBDA * Math.log(p)).toArray();
      first(golden, name + " value", soft, entry.get("value_soft"));
      Twist expected = Twist.expected(all.chain, SCORE);
      double[] mid = expected.logValue(moves / 2, all.states);
      first(golden, name + " psihat", exp(mid), entry.get("psihat_mid"));
      double[] target = Arrays.stream(all.output()).toArray();
      Arrays.setAll(target, x -> target[x] * Math.exp(weights[x]) / normaliser);
      first(golden, name + " target", target, entry.get("target"));

      Twist best = (move, sequences) -> valuesOf(all, psi[move], sequences);
      check(golden, name, all, Twist.none(), false, normaliser, target, entry, "bootstrap");
      check(golden, name, all, expected, true, normaliser, target, entry, "lookahead");
      check(golden, name, all, best, true, normaliser, target, entry, "optimal");
    }
    golden.report(reporter, 256);
  }

  private static void first(Golden golden, String what, double[] values, JsonNode want) {
    golden.close(what, Arrays.copyOf(values, want.size()), want);
  }

  private static double[] exp(double[] logs) {
    return Arrays.stream(logs).map(Math::exp).toArray();
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int x = 0; x < a.length; x++) {
      sum += a[x] * b[x];
    }
    return sum;
  }

  /** psi_k = K_k psi_{k+1} by the chain's own moves, [moves + 1][states]. */
  private static double[][] optimal(Enumerated all, double[] logWeights) {
    int moves = all.chain.moves();
    double[][] psi = new double[moves + 1][];
    psi[moves] = exp(logWeights);
    for (int k = moves - 1; k >= 0; k--) {
      psi[k] = Matrices.times(all.move(k), psi[k + 1]);
    }
    return psi;
  }

  private static double[] valuesOf(Enumerated all, double[] psi, List<int[]> sequences) {
    return sequences.stream().mapToDouble(x -> Math.log(psi[all.index(x)])).toArray();
  }

  /**
   * One particle's path weight w over all paths: E[w] = Z, Z^2 / E[w^2] the golden share, and the
   * weighted law of the end the target.
   */
  private static void check(
      Golden golden,
      String name,
      Enumerated all,
      Twist twist,
      boolean lookAhead,
      double normaliser,
      double[] target,
      JsonNode entry,
      String kind) {
    OneParticle one = new OneParticle(all, new Proposal(all.chain, SCORE, twist, lookAhead));
    double[] law = one.weightedLaw(1);
    String what = name + " " + kind;
    double mean = Arrays.stream(law).sum();
    assertEquals(1, mean / normaliser, 1e-12, what + ": unbiased for Z");
    Arrays.setAll(law, x -> law[x] / mean);
    assertEquals(0, Divergence.totalVariation(target, law), 1e-12, what + ": law of the end");
    double share = normaliser * normaliser / Arrays.stream(one.weightedLaw(2)).sum();
    golden.close(what, share, entry.get("ess_fraction_" + kind).asDouble());
  }

  /** Two tokens of two symbols, all paths; exact laws of paths in place of particles. */
  @Test
  void group09b(TestReporter reporter) {
    Golden golden = new Golden("09b trust region");
    ExactLaw law = ExactLaw.table(2, 2, new double[] {.45, .05, .1, .4});
    Enumerated all = new Enumerated(Enumerated.uniform(law, TimeGrid.logLinear(1e-3, 2)));
    double[] score = {0, 2, 1, -1};
    List<Double> base = new ArrayList<>();
    List<Double> wanted = new ArrayList<>();
    double[] prior = all.prior();
    double[][] one = all.move(0);
    double[][] two = all.move(1);
    for (int a = 0; a < 4; a++) {
      for (int b = 0; b < 4; b++) {
        for (int c = 0; c < 4; c++) {
          double p = prior[a] * one[a][b] * two[b][c];
          base.add(p);
          wanted.add(p * Math.exp(score[c]));
        }
      }
    }
    double[] masses = base.stream().mapToDouble(p -> p).toArray();
    double total = wanted.stream().mapToDouble(p -> p).sum();
    double[] target = wanted.stream().mapToDouble(p -> p / total).toArray();
    for (JsonNode entry : UniformGolden.file("09b_trust_region").get("history")) {
      double[] from = masses;
      double[] logRatios = new double[masses.length];
      Arrays.setAll(logRatios, j -> Math.log(target[j] / from[j]));
      TrustRegion.Step step = TrustRegion.farthest(masses, logRatios, 0.1);
      masses = step.masses();
      String what = "iteration " + entry.get("iter");
      golden.close(what, step.eta(), entry.get("eta").asDouble());
      golden.close(what, step.klNats(), entry.get("KL_step").asDouble());
      golden.close(what, Divergence.kl(target, masses), entry.get("KL_to_target").asDouble());
      double variance = -1;
      for (int j = 0; j < masses.length; j++) {
        variance += target[j] * target[j] / masses[j];
      }
      golden.close(what, variance, entry.get("residual_weight_variance").asDouble());
    }
    golden.report(reporter, 24);
  }

  @Test
  void group09c(TestReporter reporter) {
    Golden golden = new Golden("09c resampling");
    JsonNode file = UniformGolden.file("09c_resampling");
    double[] weights = Golden.doubles(file.get("weights"));
    double[] logs = Arrays.stream(weights).map(Math::log).toArray();
    golden.close("ess", LogWeights.effectiveSize(logs), file.get("ess").asDouble());
    // The file does not list its log-weights; these give its value.
    double[] low = {-1000, -1001, -999.5};
    double ess = file.get("log_ess_from_logweights").asDouble();
    golden.close("ess of logs", LogWeights.effectiveSize(low), ess);
    double[] u = new double[8];
    u[0] = file.get("systematic_u0").asDouble();
    int[] eight = Resampling.SYSTEMATIC.ancestors(weights, 8, u);
    golden.same("systematic", eight, file.get("systematic"));
    int[] five = Resampling.SYSTEMATIC.ancestors(weights, 5, new double[5]);
    golden.same("systematic from 0", five, file.get("systematic_u0_0"));
    double[] us = Golden.doubles(file.get("stratified_us"));
    int[] stratified = Resampling.STRATIFIED.ancestors(weights, 5, us);
    golden.same("stratified", stratified, file.get("stratified"));
    residual(golden, weights, file);
    golden.report(reporter, 30);
  }

  /** The certain copies, and the chances of the others read off the uniforms that choose them. */
  private static void residual(Golden golden, double[] weights, JsonNode file) {
    int[] counts = Golden.integers(file.get("residual_counts_N8"));
    int certain = Arrays.stream(counts).sum();
    double[] remainders = Golden.doubles(file.get("residual_remainders_N8"));
    int[] got = new int[5];
    int[] ancestors = Resampling.RESIDUAL.ancestors(weights, 8, new double[8]);
    for (int j = 0; j < certain; j++) {
      got[ancestors[j]]++;
    }
    golden.same("certain copies", got, file.get("residual_counts_N8"));
    double left = 8 - certain;
    double cumulative = 0;
    for (int i = 0; i < 5; i++) {
      double[] below = new double[8];
      double[] above = new double[8];
      Arrays.fill(below, cumulative + 1e-12);
      cumulative += remainders[i] / left;
      Arrays.fill(above, cumulative - 1e-12);
      int[] first = Resampling.RESIDUAL.ancestors(weights, 8, below);
      int[] last = Resampling.RESIDUAL.ancestors(weights, 8, above);
      assertArrayEquals(new int[] {i, i}, new int[] {first[6], last[7]}, "remainder of " + i);
      golden.close("remainder", 8 * weights[i] - got[i], remainders[i]);
    }
  }
}
