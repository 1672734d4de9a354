package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.ConfidenceCorrector;
import io.github.dllm4j.engine.sample.Corrector;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.NoiseDenoiseCorrector;
import io.github.dllm4j.engine.sample.RateCorrector;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.SiteRule;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What correctors do to the exact noisy law, and what they are worth per evaluation. */
class CorrectorGoldenTest {
  private static final Map<String, SiteRule> RULES =
      Map.of(
          "lowest_log_margin", SiteRule.LOWEST_LOG_MARGIN,
          "lowest_current_prob", SiteRule.LOWEST_CURRENT_PROBABILITY,
          "lowest_maxprob", SiteRule.LOWEST_MAX_PROBABILITY);
  private static final String[] SIGMAS = {"0.1", "0.5", "1.5"};

  /** One law at one level: its noisy law, and what moves do to it. */
  private static final class Bench {
    final double sigma;
    final NoisyOracle oracle;
    final ExactReverse exact;
    final double[] noised;

    Bench(ExactLaw law, double sigma) {
      this.sigma = sigma;
      oracle = NoisyOracle.uniform(law);
      exact = ExactReverse.of(law, NoiseProcess.uniform(law.symbols()));
      noised = oracle.noised(sigma);
    }

    double[] after(double[] law, Corrector corrector) {
      double[] moved = law;
      for (ReverseMove move : CorrectorMoves.at(corrector, sigma)) {
        moved = exact.after(moved, move);
      }
      return moved;
    }

    double drift(Corrector corrector) {
      return Divergence.totalVariation(noised, after(noised, corrector));
    }

    private double[] state(int x) {
      double[] law = new double[noised.length];
      law[x] = 1;
      return law;
    }

    /** 1 - |lambda_2| of an update. */
    double gap(Corrector corrector) {
      double[][] kernel = new double[noised.length][];
      for (int x = 0; x < kernel.length; x++) {
        kernel[x] = after(state(x), corrector);
      }
      double[] values = Spectrum.reversible(kernel, noised);
      return 1 - Math.max(values[1], -values[values.length - 1]);
    }

    double[][] generator(TokenRates rates) {
      double[][] generator = new double[noised.length][];
      for (int x = 0; x < generator.length; x++) {
        generator[x] = exact.flow(state(x), rates, sigma);
      }
      return generator;
    }
  }

  @Test
  void confidence(TestReporter reporter) {
    Golden golden = new Golden("05a confidence-chosen sites: drift, gap, random-scan gap");
    for (String name : UniformGolden.CASES) {
      for (String sigma : SIGMAS) {
        JsonNode want =
            UniformGolden.values("05a_corrector_invariance", name).get("sigma=" + sigma);
        Bench bench = new Bench(UniformGolden.law(name), Double.parseDouble(sigma));
        String what = name + " sigma " + sigma;
        double random = bench.gap(GibbsCorrector.random(1));
        golden.close(what, random, want.get("gap_random_scan_gibbs").asDouble());
        RULES.forEach(
            (key, rule) -> {
              double drift = bench.drift(ConfidenceCorrector.raw(rule, 1, 1));
              golden.close(what + key, drift, want.get("conf_" + key + "_TV_drift").asDouble());
              Corrector exact = ConfidenceCorrector.metropolis(rule, 1, 1);
              double gap = bench.gap(exact);
              golden.close(what + key, gap, want.get("gap_conf_" + key + "_MH").asDouble());
              assertEquals(0, bench.drift(exact), 1e-14, what + key);
            });
      }
    }
    golden.report(reporter, 147);
  }

  @Test
  void ratesAndMixing(TestReporter reporter) {
    Golden golden = new Golden("05a forward-backward rates, psi, noise-denoise");
    for (String name : UniformGolden.CASES) {
      for (String sigma : SIGMAS) {
        JsonNode want =
            UniformGolden.values("05a_corrector_invariance", name).get("sigma=" + sigma);
        Bench bench = new Bench(UniformGolden.law(name), Double.parseDouble(sigma));
        String what = name + " sigma " + sigma;
        double[][] generator = bench.generator(TokenRates.FORWARD_BACKWARD);
        double gap = -Spectrum.reversible(generator, bench.noised)[1];
        golden.close(what + " gap", gap, want.get("ctmc_corrector_rate_gap").asDouble());
        double exit = 0;
        for (int x = 0; x < generator.length; x++) {
          exit = Math.max(exit, -generator[x][x]);
        }
        golden.close(what + " exit", exit, want.get("ctmc_max_exit").asDouble());
        for (String h : new String[] {"0.02", "0.1", "0.5"}) {
          Corrector euler =
              RateCorrector.ofStep(TokenRates.FORWARD_BACKWARD, Double.parseDouble(h), 1);
          double drift = want.get("ctmc_euler_TV_drift").get("h=" + h).asDouble();
          golden.close(what + " Euler " + h, bench.drift(euler), drift);
        }
        double around = bench.drift(new NoiseDenoiseCorrector(0.3, 1));
        golden.close(what, around, want.get("noise_denoise_factorised_TV_drift").asDouble());
        NoiseLevel from = NoiseLevel.unitRate(bench.sigma + 0.3);
        NoiseLevel to = NoiseLevel.unitRate(bench.sigma);
        double[] mixed =
            bench.exact.after(
                bench.oracle.noised(from.sigma()),
                ReverseMove.step(ReverseKernel.psi(0), from, to));
        double psi = Divergence.totalVariation(bench.noised, mixed);
        golden.close(what + " psi", psi, want.get("psi_kappa0_TV").asDouble());
      }
    }
    golden.report(reporter, 147);
  }

  /** In continuous time every balanced rate is exact; the reverse rates follow the noise back. */
  @Test
  void balancedRatesAreInvariant() {
    for (String name : UniformGolden.CASES) {
      for (String sigma : SIGMAS) {
        Bench bench = new Bench(UniformGolden.law(name), Double.parseDouble(sigma));
        for (TokenRates rates : TokenRates.values()) {
          double[] flow = bench.exact.flow(bench.noised, rates, bench.sigma);
          double largest = 0;
          double h = 1e-5;
          for (int x = 0; x < flow.length; x++) {
            double earlier = bench.oracle.noised(bench.sigma - h)[x];
            double later = bench.oracle.noised(bench.sigma + h)[x];
            double back = rates == TokenRates.REVERSE ? (earlier - later) / (2 * h) : 0;
            largest = Math.max(largest, Math.abs(flow[x] - back));
          }
          // A central difference of step 1e-5 has nine digits.
          double allowed = rates == TokenRates.REVERSE ? 1e-8 : 1e-14;
          assertTrue(largest <= allowed, name + sigma + rates + ": " + largest);
        }
      }
    }
  }

  /** Their Euler steps drift, by h squared: a tenth of the step, about a hundredth of the drift. */
  @Test
  void stepsOfBalancedRatesDriftToSecondOrder() {
    Bench bench = new Bench(UniformGolden.law("markov_S3_d4"), 0.5);
    for (TokenRates rates : TokenRates.values()) {
      if (rates != TokenRates.REVERSE) {
        double coarse = bench.drift(RateCorrector.ofStep(rates, 0.02, 1));
        double fine = bench.drift(RateCorrector.ofStep(rates, 0.002, 1));
        assertEquals(2, Math.log10(coarse / fine), 0.1, rates.toString());
      }
    }
  }

  @Test
  void perEvaluation(TestReporter reporter) {
    Golden golden = new Golden("05b confidence and forward-backward correctors");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      double[] p = law.table();
      ExactReverse exact = ExactReverse.of(law, NoiseProcess.uniform(law.symbols()));
      for (JsonNode entry : UniformGolden.values("05b_KL_per_network_evaluation", name)) {
        JsonNode kl = entry.get("KL");
        int m = entry.get("M").asInt();
        if (m == 0) {
          continue;
        }
        ReversePlan plan =
            ReversePlan.of(
                UniformGolden.grid(entry.get("grid").asText(), entry.get("N").asInt()),
                ReverseKernel.tweedie());
        TokenRates both = TokenRates.FORWARD_BACKWARD;
        Map.of(
                "conf", ConfidenceCorrector.raw(SiteRule.LOWEST_LOG_MARGIN, 1, m),
                "confmh", ConfidenceCorrector.metropolis(SiteRule.LOWEST_LOG_MARGIN, 1, m),
                "ctmc", RateCorrector.ofShare(both, 1, m),
                "ctmc_half", RateCorrector.ofShare(both, 0.5, m))
            .forEach(
                (key, corrector) -> {
                  ReversePlan corrected = plan.withCorrector(corrector);
                  assertEquals(entry.get("nfe").asInt(), corrected.evaluations());
                  double out = Divergence.kl(p, exact.outputLaw(corrected));
                  golden.close(name + key + entry, out, kl.get(key).asDouble());
                });
      }
    }
    golden.report(reporter, 840);
  }
}
