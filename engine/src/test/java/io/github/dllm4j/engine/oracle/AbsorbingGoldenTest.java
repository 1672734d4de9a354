package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.AbsorbingKernel;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.loss.CouplingLoss;
import io.github.dllm4j.engine.sample.AbsorbingSampler;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Uniform noise told as absorption, beside masking: output laws, one-token joints, bounds. */
class AbsorbingGoldenTest {
  private static final String LAWS = "06a_reformulation_output_laws";

  private static AbsorbingSampler sampler(ExactLaw law, AbsorbingKernel kernel, int steps) {
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, steps);
    return new AbsorbingSampler(new AbsorbingOracle(law), kernel, grid);
  }

  @Test
  void absorbingSamplers(TestReporter reporter) {
    Golden golden = new Golden("06a AUDM and ReAUDM, exact output laws");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      for (JsonNode entry : UniformGolden.values(LAWS, name)) {
        int steps = entry.get("N").asInt();
        for (AbsorbingKernel kernel : AbsorbingKernel.values()) {
          JsonNode want = entry.get(kernel == AbsorbingKernel.AUDM ? "audm" : "reaudm");
          if (want != null) {
            double[] out = ExactAbsorbing.outputLaw(sampler(law, kernel, steps));
            golden.close(name + steps, Divergence.kl(law.table(), out), want.asDouble());
          }
        }
      }
    }
    golden.report(reporter, 42);
  }

  /** Masked sampling on the same grid, and what unforced steps leave masked. */
  @Test
  void masking(TestReporter reporter) {
    Golden golden = new Golden("06a masked ancestral, tokens left masked");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      Canvas canvas = Canvas.blank(law.length(), law.symbols());
      ExactSampling sampling = new ExactSampling(new OracleDenoiser(law), canvas, 1, 1);
      for (JsonNode entry : UniformGolden.values(LAWS, name)) {
        int steps = entry.get("N").asInt();
        TimeGrid all = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, steps);
        double[] out = sampling.run(ChancePlan.of(all, TauLeaping.TWEEDIE)).law();
        double want = entry.get("masked_ancestral").asDouble();
        golden.close(name + steps, Divergence.kl(law.table(), out), want);
        TimeGrid most = TimeGrid.logLinear(1e-3, steps);
        out = sampling.run(ChancePlan.of(most, TauLeaping.TWEEDIE), 1e-3).law();
        want = entry.get("masked_ancestral_eps1e-3").asDouble();
        golden.close(name + steps + " 1e-3", Divergence.kl(law.table(), out), want);
        golden.close(
            name + steps,
            leftMasked(law.length(), most, TauLeaping.TRUNCATED),
            entry.get("masked_trunc_left_masked").asDouble());
        golden.close(
            name + steps,
            leftMasked(law.length(), most, TauLeaping.EULER),
            entry.get("masked_euler_left_masked").asDouble());
      }
    }
    golden.report(reporter, 140);
  }

  /** Probability that a token is masked at the end if the last step is not forced. */
  private static double leftMasked(int length, TimeGrid grid, TauLeaping kind) {
    double masked = -Math.expm1(-grid.level(0));
    for (int k = 0; k < grid.steps(); k++) {
      masked *= 1 - kind.unmaskProbability(grid.level(k), grid.level(k + 1), 1);
    }
    return -Math.expm1(length * Math.log1p(-masked));
  }

  /** One token: the same marginals, two joints. */
  @Test
  void oneToken(TestReporter reporter) {
    Golden golden = new Golden("06b joint laws of one token");
    JsonNode want = UniformGolden.file("06b_maxcoup_vs_udm_joint_d1");
    double[] data = {0.5, 0.3, 0.2};
    NoiseProcess process = NoiseProcess.uniform(3);
    NoiseLevel t = NoiseLevel.unitRate(-Math.log(0.3));
    NoiseLevel s = NoiseLevel.unitRate(-Math.log(0.6));
    double[] before = process.marginal(data, t.sigma());
    double[] after = process.marginal(data, s.sigma());
    for (int x = 0; x < 3; x++) {
      golden.close("q_t", before[x], want.get("qt").get(x).asDouble());
      golden.close("q_s", after[x], want.get("qs").get(x).asDouble());
      double[] tweedie = ReverseKernel.tweedie().row(process, data, x, t, s);
      double[] coupled = ReverseKernel.maximalCoupling().row(process, data, x, t, s);
      for (int b = 0; b < 3; b++) {
        golden.close("Tweedie", tweedie[b], want.get("udm").get(x).get(b).asDouble());
        golden.close("coupling", coupled[b], want.get("maxcoup").get(x).get(b).asDouble());
      }
    }
    golden.report(reporter, 24);
  }

  /** One token again: AUDM and ReAUDM keep the law of (x, u), whatever the steps. */
  @Test
  void oneTokenIsExact() {
    ExactLaw law = ExactLaw.table(1, 3, new double[] {0.5, 0.3, 0.2});
    for (AbsorbingKernel kernel : AbsorbingKernel.values()) {
      for (int steps = 1; steps <= 4; steps++) {
        double[] out = ExactAbsorbing.outputLaw(sampler(law, kernel, steps));
        assertEquals(0, Divergence.totalVariation(law.table(), out), 1e-14, kernel + " " + steps);
      }
    }
  }

  /**
   * The file's own quadrature is good to 1e-8 only, so that is compared; to the entropy, which the
   * integral is in theory, 1e-10.
   */
  @Test
  void boundsAtTheOracle(TestReporter reporter) {
    for (String name : UniformGolden.cases("06c_nelbo_at_oracle")) {
      ExactLaw law = UniformGolden.law(name);
      JsonNode want = UniformGolden.values("06c_nelbo_at_oracle", name);
      double entropy = want.get("H_data").asDouble();
      assertEquals(entropy, entropy(law.table()), 1e-10, name);
      double absorbing = integral(sigma -> absorbingIntegrand(law, sigma));
      assertEquals(want.get("audm_nelbo_oracle").asDouble(), absorbing, 1e-8, name);
      assertEquals(entropy, absorbing, 1e-10, name);
      double coupling = integral(sigma -> couplingIntegrand(law, sigma));
      assertEquals(want.get("maxcoup_nelbo_oracle").asDouble(), coupling, 1e-8, name);
      assertTrue(coupling > entropy + 0.4, name);
      reporter.publishEntry(
          "06c " + name,
          String.format(
              Locale.ROOT,
              "AUDM %.12f, maximal coupling %.12f, entropy %.12f",
              absorbing,
              coupling,
              entropy));
    }
  }

  private static double entropy(double[] p) {
    return -Arrays.stream(p).filter(x -> x > 0).map(x -> x * Math.log(x)).sum();
  }

  /** Integral over alpha in (0, 1) of f/(1 - alpha), by the double exponential rule. */
  private static double integral(DoubleUnaryOperator f) {
    double step = 0.1;
    double sum = 0;
    for (int k = -35; k <= 35; k++) {
      double t = k * step;
      double odds = Math.exp(-Math.PI * Math.sinh(t)); // (1 - alpha)/alpha
      double sigma = Math.log1p(odds);
      sum += step * Math.PI * Math.cosh(t) * f.applyAsDouble(sigma) / (1 + odds);
    }
    return sum;
  }

  /** Expected loss of a sequence whose positions were noised towards a known u. */
  private static double absorbingIntegrand(ExactLaw law, double sigma) {
    AbsorbingOracle oracle = new AbsorbingOracle(law);
    double[] p = law.table();
    int[][] words = new int[p.length][];
    Arrays.setAll(words, x -> UniformGolden.word(law, x));
    double total = 0;
    for (int u = 0; u < p.length; u++) {
      for (int x = 0; x < p.length; x++) {
        int[] tokens = words[x];
        double[][] laws = oracle.predict(tokens, words[u], sigma);
        for (int clean = 0; clean < p.length; clean++) {
          int[] word = words[clean];
          double weight = p[clean] / p.length;
          for (int i = 0; i < word.length; i++) {
            double kept = tokens[i] == word[i] ? Math.exp(-sigma) : 0;
            weight *= kept + (tokens[i] == words[u][i] ? -Math.expm1(-sigma) : 0);
          }
          total += weight > 0 ? weight * loss(laws, tokens, word) : 0;
        }
      }
    }
    return total;
  }

  private static double couplingIntegrand(ExactLaw law, double sigma) {
    Denoiser denoiser = TestHeads.denoiser(law);
    NoiseProcess process = NoiseProcess.uniform(law.symbols());
    double[] p = law.table();
    double total = 0;
    for (int x = 0; x < p.length; x++) {
      int[] tokens = UniformGolden.word(law, x);
      TokenBatch batch = TokenBatch.of(tokens.length, tokens, new double[] {sigma});
      double[][] laws = denoiser.predict(batch, Rows.all(batch)).toArray();
      for (int clean = 0; clean < p.length; clean++) {
        int[] word = UniformGolden.word(law, clean);
        double weight = p[clean];
        for (int i = 0; i < word.length; i++) {
          weight *= process.transition(word[i], tokens[i], sigma);
        }
        total += weight > 0 ? weight * loss(laws, tokens, word) : 0;
      }
    }
    return total;
  }

  private static double loss(double[][] laws, int[] tokens, int[] clean) {
    double sum = 0;
    for (int i = 0; i < clean.length; i++) {
      sum += CouplingLoss.integrand(laws[i], tokens[i], clean[i]);
    }
    return sum;
  }

  /** The samplers draw from the laws above: chi-square at false-alarm rate 1e-4, seed fixed. */
  @Test
  void theSamplersFollowTheirExactLaws() {
    ExactLaw law = UniformGolden.law("latentparity_S2_d4");
    int samples = 20_000;
    double[] audm = ExactAbsorbing.outputLaw(sampler(law, AbsorbingKernel.AUDM, 2));
    double[] more = ExactAbsorbing.outputLaw(sampler(law, AbsorbingKernel.REAUDM, 4));
    AbsorbingSampler keeping = sampler(law, AbsorbingKernel.AUDM, 2);
    AbsorbingSampler renewing = sampler(law, AbsorbingKernel.REAUDM, 4);
    long[] kept = counts(keeping, law, samples);
    long[] renewed = counts(renewing, law, samples);
    assertTrue(ChiSquare.pValue(audm, kept) > 1e-4);
    assertTrue(ChiSquare.pValue(more, renewed) > 1e-4);
    assertTrue(ChiSquare.pValue(more, kept) < 1e-4, "the other law must be rejected");
    assertTrue(ChiSquare.pValue(audm, renewed) < 1e-4, "the other law must be rejected");
  }

  private static long[] counts(AbsorbingSampler sampler, ExactLaw law, int samples) {
    long[] counts = new long[law.table().length];
    for (int s = 0; s < samples; s++) {
      int index = 0;
      for (int token : sampler.sample(2026, s)) {
        index = index * law.symbols() + token;
      }
      counts[index]++;
    }
    return counts;
  }

  @Test
  void refusesWhatCannotBe() {
    NoiseLevel one = NoiseLevel.unitRate(1);
    double[] law = {0.5, 0.5};
    for (AbsorbingKernel kernel : AbsorbingKernel.values()) {
      assertThrows(IllegalArgumentException.class, () -> kernel.row(law, 0, 0, one, one));
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> kernel.row(law, 2, 0, one, NoiseLevel.unitRate(0)));
    }
    AbsorbingOracle oracle = new AbsorbingOracle(UniformGolden.law("generic_S4_d2"));
    assertThrows(IllegalArgumentException.class, () -> oracle.predict(new int[3], new int[2], 1));
    ExactLaw large = UniformGolden.law("markov_S3_d4");
    assertThrows(
        IllegalArgumentException.class,
        () -> ExactAbsorbing.outputLaw(sampler(large, AbsorbingKernel.AUDM, 1)));
  }
}
