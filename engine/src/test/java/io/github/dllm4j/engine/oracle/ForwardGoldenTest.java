package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.UniformConversions;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Noised laws, the four representations and single kernels, against the golden file. */
class ForwardGoldenTest {

  private static double[][] laws(NoisyOracle oracle, int[] word, double sigma) {
    TokenBatch batch = TokenBatch.of(word.length, word, new double[] {sigma});
    return oracle.predict(batch, Rows.all(batch)).toArray();
  }

  /** (1/S) sum over tokens and changes of the score. */
  private static double exitRate(double[][] laws, int[] word, double sigma) {
    double exit = 0;
    for (int i = 0; i < word.length; i++) {
      double[] score = UniformConversions.score(laws[i], word[i], sigma);
      exit += (Arrays.stream(score).sum() - 1) / score.length;
    }
    return exit;
  }

  @Test
  void marginalsAndRepresentations(TestReporter reporter) {
    Golden golden = new Golden("01 forward, score, conditional, LOO, denoiser, exit rates");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      NoisyOracle oracle = NoisyOracle.uniform(law);
      for (double sigma : new double[] {0.25, 1, 3}) {
        String at = "sigma=" + (sigma == 0.25 ? "0.25" : String.valueOf((int) sigma));
        JsonNode expected = UniformGolden.values("01_forward_score_params", name).get(at);
        String what = name + " " + at;
        double[] noised = oracle.noised(sigma);
        double[] prior = new double[noised.length];
        Arrays.fill(prior, 1.0 / prior.length);
        int listed = expected.get("qt").size();
        golden.close(what, Arrays.copyOf(noised, listed), expected.get("qt"));
        golden.close(what, Divergence.kl(noised, prior), expected.get("KL_qt_uniform").asDouble());
        int[] word = Golden.integers(expected.get("state"));
        double[][] loo = laws(oracle, word, sigma);
        for (int i = 0; i < word.length; i++) {
          double[] denoiser = UniformConversions.denoiser(loo[i], word[i], sigma);
          double[] score = UniformConversions.score(loo[i], word[i], sigma);
          golden.close(what, loo[i], expected.get("loo").get(i));
          golden.close(what, denoiser, expected.get("den").get(i));
          golden.close(what, score, expected.get("score").get(i));
          golden.close(
              what, UniformConversions.conditional(loo[i], sigma), expected.get("cond").get(i));
          golden.close(
              what,
              UniformConversions.leaveOneOut(denoiser, word[i], sigma),
              expected.get("loo").get(i));
          golden.close(
              what, UniformConversions.leaveOneOut(score, sigma).law(), expected.get("loo").get(i));
        }
        golden.close(what, exitRate(loo, word, sigma), expected.get("exit_rate").asDouble());
        double largest = 0;
        for (int x = 0; x < noised.length; x++) {
          int[] other = UniformGolden.word(law, x);
          largest = Math.max(largest, exitRate(laws(oracle, other, sigma), other, sigma));
        }
        golden.close(what, largest, expected.get("max_exit_rate").asDouble());
        double bound = law.length() * (1 / -Math.expm1(-sigma) - 1.0 / law.symbols());
        golden.close(what, bound, expected.get("exit_rate_bound").asDouble());
      }
    }
    golden.report(reporter, 1734);
  }

  @Test
  void temperatureShapesTheLeaveOneOutLaw(TestReporter reporter) {
    Golden golden = new Golden("08b temperature");
    JsonNode expected = UniformGolden.file("08b_temperature");
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    int[] word = UniformGolden.word(law, 17);
    double[][] loo = laws(NoisyOracle.uniform(law), word, 1);
    double[][] tempered = HeapLaws.of(loo).shaped(0.7, 1).toArray();
    NoiseProcess process = NoiseProcess.uniform(3);
    for (int i = 0; i < word.length; i++) {
      double[] denoiser = UniformConversions.denoiser(loo[i], word[i], 1);
      golden.close("loo", loo[i], expected.get("loo").get(i));
      golden.close("den", denoiser, expected.get("den").get(i));
      golden.close(
          "den_from_tempered_loo",
          UniformConversions.denoiser(tempered[i], word[i], 1),
          expected.get("den_from_tempered_loo").get(i));
      golden.close(
          "tempered_den",
          HeapLaws.of(new double[][] {denoiser}).shaped(0.7, 1).toArray()[0],
          expected.get("tempered_den").get(i));
      golden.close(
          "bridge_tempered_loo",
          ReverseKernel.tweedie()
              .row(process, tempered[i], word[i], NoiseLevel.unitRate(1), NoiseLevel.unitRate(0.5)),
          expected.get("bridge_tempered_loo").get(i));
    }
    golden.report(reporter, 60);
  }

  /** One token, whose leave-one-out law is the data law: both kernels, and what they keep. */
  @Test
  void maximalCouplingOfOneToken(TestReporter reporter) {
    Golden golden = new Golden("06b maximal coupling, one token");
    JsonNode expected = UniformGolden.file("06b_maxcoup_vs_udm_joint_d1");
    NoiseProcess process = NoiseProcess.uniform(3);
    double[] data = {0.5, 0.3, 0.2};
    NoiseLevel from = NoiseLevel.unitRate(-Math.log(0.3));
    NoiseLevel to = NoiseLevel.unitRate(-Math.log(0.6));
    double[] before = process.marginal(data, from.sigma());
    golden.close("qt", before, expected.get("qt"));
    double[] exact = new double[3];
    double[] coupled = new double[3];
    for (int x = 0; x < 3; x++) {
      double[] row = ReverseKernel.tweedie().row(process, data, x, from, to);
      double[] other = ReverseKernel.maximalCoupling().row(process, data, x, from, to);
      golden.close("udm", row, expected.get("udm").get(x));
      golden.close("maxcoup", other, expected.get("maxcoup").get(x));
      for (int b = 0; b < 3; b++) {
        exact[b] += before[x] * row[b];
        coupled[b] += before[x] * other[b];
      }
    }
    golden.close("qs", exact, expected.get("qs"));
    golden.close("qs of maxcoup", coupled, expected.get("qs"));
    golden.report(reporter, 27);
  }
}
