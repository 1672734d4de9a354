package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.UniformConversions;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.ReverseCost;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Trajectories of the production kernels, and the terms of Theorem 11, exactly. */
class ExactPathGoldenTest {

  private static NoiseProcess noise(ExactLaw law) {
    return NoiseProcess.uniform(law.symbols());
  }

  @Test
  void chainsPathsAndBounds(TestReporter reporter) {
    Golden golden = new Golden("03a chain and path KL, bounds of Theorem 11");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      int d = law.length();
      int symbols = law.symbols();
      ExactDecay decay = new ExactDecay(law);
      ExactPath path = new ExactPath(law, noise(law), NoisyOracle.uniform(law));
      JsonNode values = UniformGolden.values("03a_sampler_output_laws", name);
      for (JsonNode phi : values.get("phi")) {
        golden.close(
            name + phi, decay.rate(phi.get("sigma").asDouble()), phi.get("phi").asDouble());
      }
      for (String grid : new String[] {"sigma_uniform_T8", "loglinear_eps1e-3"}) {
        for (JsonNode entry : values.get(grid)) {
          TimeGrid times = UniformGolden.grid(grid, entry.get("N").asInt());
          String what = name + " " + grid + " " + entry.get("N");
          ReversePlan tau = ReversePlan.of(times, ReverseKernel.additiveTauLeaping());
          ReversePlan tweedie = ReversePlan.of(times, ReverseKernel.tweedie());
          golden.close(what + " tau", path.chainKl(tau), entry.get("tau_chain_KL").asDouble());
          golden.close(
              what + " tweedie", path.chainKl(tweedie), entry.get("tweedie_chain_KL").asDouble());
          golden.close(
              what + " path",
              ReverseCost.pathKl(decay, times),
              entry.get("tau_path_KL").asDouble());
          golden.close(
              what + " init",
              ReverseCost.initialBound(d, symbols, times.level(0)),
              entry.get("init_bound").asDouble());
          golden.close(
              what + " any grid",
              ReverseCost.anyGridBound(d, symbols, times),
              entry.get("B_grid").asDouble());
          if (entry.has("B_data")) {
            golden.close(
                what + " data",
                ReverseCost.dataBound(decay, times.level(0), times.steps()),
                entry.get("B_data").asDouble());
            golden.close(
                what + " universal",
                ReverseCost.universalBound(d, symbols, times.level(0), times.steps()),
                entry.get("B_univ").asDouble());
          }
        }
      }
    }
    golden.report(reporter, 637); // constant steps: the uniform grid, and one step of either
  }

  /** Scores that no leave-one-out law has: rates, kernels and losses still follow the formula. */
  @Test
  void imperfectScores(TestReporter reporter) {
    Golden golden = new Golden("03b path KL with an imperfect score");
    for (String entry : UniformGolden.cases("03b_path_KL_imperfect_score")) {
      JsonNode expected = UniformGolden.values("03b_path_KL_imperfect_score", entry);
      String name = entry.substring(0, entry.indexOf('|'));
      int steps = Integer.parseInt(entry.substring(entry.indexOf('=') + 1));
      ExactLaw law = UniformGolden.law(name);
      Denoiser head = TestHeads.perturbedScore(law, 0.3);
      TimeGrid grid = TimeGrid.uniform(expected.get("T").asDouble(), steps);
      ReversePlan plan = ReversePlan.of(grid, ReverseKernel.additiveTauLeaping());
      double error = new ExactPath(law, noise(law), head).scoreError(grid);
      golden.close(entry, error, expected.get("eps_score").asDouble());
      golden.close(
          entry,
          error + ReverseCost.pathKl(new ExactDecay(law), grid),
          expected.get("path_KL").asDouble());
      Canvas canvas = Canvas.blank(law.length(), law.symbols());
      double[] output = new ExactReverse(head, noise(law), canvas, 1, 1).outputLaw(plan);
      golden.close(entry, Divergence.kl(law.table(), output), expected.get("KL_out").asDouble());
    }
    golden.report(reporter, 24);
  }

  /** Per word the two sums differ, their means do not: the slide's step 2. */
  @Test
  void stepTwoHoldsInExpectationOnly(TestReporter reporter) {
    Golden golden = new Golden("03c step 2, pointwise and in expectation");
    JsonNode expected = UniformGolden.file("03c_seed_step2_pointwise_vs_expectation");
    ExactLaw law = UniformGolden.law("generic_S4_d2");
    NoisyOracle oracle = NoisyOracle.uniform(law);
    double[] q = oracle.noised(0.5);
    double meanLog = 0;
    double meanEntropy = 0;
    for (int x = 0; x < q.length; x++) {
      int[] word = UniformGolden.word(law, x);
      TokenBatch batch = TokenBatch.of(2, word, new double[] {0.5});
      double[][] laws = oracle.predict(batch, Rows.all(batch)).toArray();
      double logs = 0;
      double entropies = 0;
      for (int i = 0; i < 2; i++) {
        double[] score = UniformConversions.score(laws[i], word[i], 0.5);
        for (int b = 0; b < score.length; b++) {
          logs -= b == word[i] ? 0 : Math.log(score[b]);
          entropies += score[b] * Math.log(score[b]) - score[b] + 1;
        }
      }
      golden.close("-log s at " + x, logs, expected.get("minus_log_s").get(x).asDouble());
      golden.close("h(s) at " + x, entropies, expected.get("h_of_s").get(x).asDouble());
      meanLog += q[x] * logs;
      meanEntropy += q[x] * entropies;
    }
    golden.close("mean of -log s", meanLog, expected.get("expectation").asDouble());
    golden.close("mean of h(s)", meanEntropy, expected.get("expectation").asDouble());
    golden.close(
        "S phi",
        law.symbols() * new ExactDecay(law).rate(0.5),
        expected.get("expectation").asDouble());
    golden.report(reporter, 35);
  }
}
