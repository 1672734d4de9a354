package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What the production kernels and correctors put out through the production oracle, exactly. */
class ExactReverseGoldenTest {

  private static ExactReverse exact(ExactLaw law, Denoiser denoiser) {
    NoiseProcess process = NoiseProcess.uniform(law.symbols());
    return new ExactReverse(denoiser, process, Canvas.blank(law.length(), law.symbols()), 1, 1);
  }

  private static ExactReverse exact(ExactLaw law) {
    return exact(law, NoisyOracle.uniform(law));
  }

  private static void compare(Golden golden, String what, double[] p, double[] out, JsonNode want) {
    golden.close(what + " KL", Divergence.kl(p, out), want.get("KL").asDouble());
    golden.close(what + " TV", Divergence.totalVariation(p, out), want.get("TV").asDouble());
  }

  /** Nine samplers, two grids, 1 to 64 steps, seven laws. */
  @Test
  void predictors(TestReporter reporter) {
    Golden golden = new Golden("03a predictors, exact output laws");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      double[] p = law.table();
      ExactReverse exact = exact(law);
      ExactReverse wrong = exact(law, TestHeads.denoiserInTheWrongSlot(law));
      for (String grid : new String[] {"sigma_uniform_T8", "loglinear_eps1e-3"}) {
        for (JsonNode entry : UniformGolden.values("03a_sampler_output_laws", name).get(grid)) {
          int steps = entry.get("N").asInt();
          TimeGrid times = UniformGolden.grid(grid, steps);
          String what = name + " " + times;
          ReversePlan tweedie = ReversePlan.of(times, ReverseKernel.tweedie());
          ReversePlan euler = ReversePlan.of(times, ReverseKernel.euler());
          compare(golden, what, p, exact.outputLaw(tweedie), entry.get("tweedie"));
          compare(golden, what, p, exact.outputLaw(euler), entry.get("euler"));
          ReversePlan last = euler.withLast(ReverseKernel.tweedie());
          compare(golden, what, p, exact.outputLaw(last), entry.get("euler_td"));
          ReversePlan trunc = ReversePlan.of(times, ReverseKernel.tauLeaping());
          compare(golden, what, p, exact.outputLaw(trunc), entry.get("trunc"));
          ReversePlan reject = ReversePlan.of(times, ReverseKernel.rejectingTauLeaping());
          compare(golden, what, p, exact.outputLaw(reject), entry.get("reject"));
          ReversePlan tau = ReversePlan.of(times, ReverseKernel.additiveTauLeaping());
          compare(golden, what, p, exact.outputLaw(tau), entry.get("tau"));
          ReversePlan coupling = ReversePlan.of(times, ReverseKernel.maximalCoupling());
          compare(golden, what, p, exact.outputLaw(coupling), entry.get("maxcoup"));
          compare(golden, what, p, wrong.outputLaw(tweedie), entry.get("bridge_den"));
          if (entry.has("euler_sedd_code")) {
            NoiseSchedule schedule = NoiseSchedule.logLinear(1e-3);
            ReversePlan sedd =
                ReversePlan.inTime(schedule, 1e-5, steps, ReverseKernel.eulerInTime());
            compare(golden, what, p, exact.outputLaw(sedd), entry.get("euler_sedd_code"));
          }
          double[] noised = NoisyOracle.uniform(law).noised(times.level(0));
          golden.close(
              what + " init",
              Divergence.kl(noised, exact.start()),
              entry.get("init_exact").asDouble());
        }
      }
    }
    golden.report(reporter, 1764);
  }

  /** Predictor and Gibbs corrector at equal numbers of evaluations. */
  @Test
  void correctors(TestReporter reporter) {
    Golden golden = new Golden("05b Tweedie with Gibbs correctors");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      ExactReverse exact = exact(law);
      for (JsonNode entry : UniformGolden.values("05b_KL_per_network_evaluation", name)) {
        JsonNode kl = entry.get("KL");
        ReversePlan plan = plan(entry);
        String what = name + " " + entry;
        if (kl.has("predictor_only")) {
          close(golden, what, law, exact, plan, kl.get("predictor_only"));
          continue;
        }
        int m = entry.get("M").asInt();
        ReversePlan random = plan.withCorrector(GibbsCorrector.random(m));
        assertEquals(entry.get("nfe").asInt(), random.evaluations());
        close(golden, what, law, exact, random, kl.get("rs"));
        ReversePlan pairs = plan.withCorrector(GibbsCorrector.parallel(2, m));
        close(golden, what, law, exact, pairs, kl.get("par2"));
        ReversePlan all = plan.withCorrector(GibbsCorrector.parallel(law.length(), m));
        close(golden, what, law, exact, all, kl.get("par_all"));
      }
    }
    golden.report(reporter, 686);
  }

  private static ReversePlan plan(JsonNode entry) {
    TimeGrid grid = UniformGolden.grid(entry.get("grid").asText(), entry.get("N").asInt());
    return ReversePlan.of(grid, ReverseKernel.tweedie());
  }

  private static void close(
      Golden golden, String what, ExactLaw law, ExactReverse exact, ReversePlan plan, JsonNode kl) {
    golden.close(what, Divergence.kl(law.table(), exact.outputLaw(plan)), kl.asDouble());
  }

  /** Full sweeps on the halving grid: the error falls geometrically in the number of levels. */
  @Test
  void polylogarithmicRate(TestReporter reporter) {
    Golden golden = new Golden("05c systematic Gibbs sweeps on the halving grid");
    for (String name : UniformGolden.cases("05c_polylog_mechanism")) {
      ExactLaw law = UniformGolden.law(name);
      ExactReverse exact = exact(law);
      for (JsonNode entry : UniformGolden.values("05c_polylog_mechanism", name)) {
        TimeGrid grid = TimeGrid.halving(8, entry.get("sigma_min").asDouble());
        assertEquals(entry.get("N").asInt(), grid.steps(), entry.toString());
        ReversePlan plan = ReversePlan.of(grid, ReverseKernel.tweedie());
        int sweeps = entry.get("sweeps").asInt();
        if (sweeps > 0) {
          plan = plan.withCorrector(GibbsCorrector.sweep(sweeps * law.length()));
        }
        assertEquals(entry.get("nfe").asInt(), plan.evaluations(), entry.toString());
        close(golden, name + " " + entry, law, exact, plan, entry.get("KL"));
      }
    }
    golden.report(reporter, 96);
  }

  @Test
  void imperfectModel(TestReporter reporter) {
    Golden golden = new Golden("05d perturbed leave-one-out laws");
    for (String name : UniformGolden.cases("05d_imperfect_model")) {
      ExactLaw law = UniformGolden.law(name);
      for (JsonNode entry : UniformGolden.values("05d_imperfect_model", name)) {
        Denoiser perturbed = TestHeads.perturbed(law, entry.get("eps").asDouble());
        ReversePlan plan = plan(entry);
        int m = entry.get("M").asInt();
        plan = m == 0 ? plan : plan.withCorrector(GibbsCorrector.random(m));
        close(golden, name + " " + entry, law, exact(law, perturbed), plan, entry.get("KL"));
      }
    }
    golden.report(reporter, 96);
  }

  /** One parallel update, or one Tweedie step, from the exact noisy law. */
  @Test
  void invarianceAndDrift(TestReporter reporter) {
    Golden golden = new Golden("05a parallel Gibbs drift, Tweedie step");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      NoisyOracle oracle = NoisyOracle.uniform(law);
      ExactReverse exact = exact(law);
      for (String sigma : new String[] {"0.1", "0.5", "1.5"}) {
        JsonNode entry =
            UniformGolden.values("05a_corrector_invariance", name).get("sigma=" + sigma);
        double level = Double.parseDouble(sigma);
        double[] noised = oracle.noised(level);
        for (int k = 1; k <= law.length(); k++) {
          double[] moved = noised;
          for (ReverseMove move : CorrectorMoves.at(GibbsCorrector.parallel(k, 1), level)) {
            moved = exact.after(moved, move);
          }
          double largest = 0;
          for (int x = 0; x < moved.length; x++) {
            largest = Math.max(largest, Math.abs(moved[x] - noised[x]));
          }
          String what = name + " sigma " + sigma + " k " + k;
          JsonNode drift = entry.get("parallel_k_drift").get(k - 1);
          JsonNode tv = entry.get("parallel_k_TV").get(k - 1);
          golden.close(what, largest, drift.asDouble());
          golden.close(what, Divergence.totalVariation(noised, moved), tv.asDouble());
        }
        ReverseMove step =
            ReverseMove.step(
                ReverseKernel.tweedie(),
                NoiseLevel.unitRate(level + 0.3),
                NoiseLevel.unitRate(level));
        double[] stepped = exact.after(oracle.noised(level + 0.3), step);
        golden.close(
            name + " Tweedie",
            Divergence.totalVariation(noised, stepped),
            entry.get("tweedie_step_TV").asDouble());
      }
    }
    golden.report(reporter, 171);
  }

  /** From pure noise, sigma = infinity. */
  @Test
  void exactPrior(TestReporter reporter) {
    Golden golden = new Golden("06a uniform samplers from infinite noise");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      ExactReverse exact = exact(law);
      for (JsonNode entry : UniformGolden.values("06a_reformulation_output_laws", name)) {
        int steps = entry.get("N").asInt();
        TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, steps);
        ReversePlan tweedie = ReversePlan.of(grid, ReverseKernel.tweedie());
        ReversePlan coupling = ReversePlan.of(grid, ReverseKernel.maximalCoupling());
        close(golden, name + steps, law, exact, tweedie, entry.get("udm_tweedie"));
        close(golden, name + steps, law, exact, coupling, entry.get("udm_maxcoup"));
      }
    }
    golden.report(reporter, 70);
  }

  /** The Gibbs updates that are exact leave the noisy law alone, the sweep site by site. */
  @Test
  void exactCorrectorsAreInvariant() {
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      ExactReverse exact = exact(law);
      double[] noised = NoisyOracle.uniform(law).noised(0.4);
      for (GibbsCorrector gibbs :
          Arrays.asList(GibbsCorrector.random(2), GibbsCorrector.sweep(law.length()))) {
        double[] moved = noised;
        for (ReverseMove move : CorrectorMoves.at(gibbs, 0.4)) {
          moved = exact.after(moved, move);
          assertEquals(0, Divergence.totalVariation(noised, moved), 1e-14, name + gibbs);
        }
      }
    }
  }
}
