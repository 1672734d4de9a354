package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.SamplingCost.PathCost;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class InformationGoldenTest {

  private static InformationCurve curve(String law) {
    return Golden.law(law).curve().orElseThrow();
  }

  @Test
  void tauLeapingCosts(TestReporter reporter) {
    Golden golden = new Golden("tau_leaping, costs and Theorem 12");
    for (JsonNode entry : Golden.file("tau_leaping")) {
      String what = entry.get("dist").asText() + " " + entry.get("grid").asText();
      ExactLaw law = Golden.law(entry.get("dist").asText());
      InformationCurve curve = law.curve().orElseThrow();
      ChancePlan plan = Golden.tauLeaping(entry);
      golden.close(what, SamplingCost.conditionalKl(curve, plan), entry.get("cond_kl").asDouble());
      if (entry.has("path_kl_qT_init")) {
        PathCost cost =
            SamplingCost.theorem12(curve, Golden.grid(entry.get("grid").asText()), law.symbols());
        golden.close(what, cost.discretisation(), entry.get("path_kl_qT_init").asDouble());
        golden.close(what, cost.theoremSum(), entry.get("thm12_sum_h_int_I").asDouble());
        golden.close(what, cost.initial(), entry.get("thm12_init_exact").asDouble());
        golden.close(what, cost.initialBound(), entry.get("thm12_init_bound").asDouble());
        if (entry.hasNonNull("ratio_path_over_bound")) {
          double ratio = cost.discretisation() / cost.theoremSum();
          golden.close(what + " ratio", ratio, entry.get("ratio_path_over_bound").asDouble());
        }
      }
    }
    golden.report(reporter, 2228);
  }

  @Test
  void sizeCosts(TestReporter reporter) {
    Golden golden = new Golden("size_schedules, costs and bounds");
    for (JsonNode entry : Golden.file("size_schedules")) {
      String what = entry.get("dist").asText() + " " + entry.get("sizes");
      InformationCurve curve = curve(entry.get("dist").asText());
      SizePlan plan = SizePlan.of(Golden.integers(entry.get("sizes")));
      double cost = SamplingCost.conditionalKl(curve, plan);
      golden.close(what, cost, entry.get("cond_kl").asDouble());
      if (entry.has("cond_kl_by_enumeration")) {
        golden.close(what, cost, entry.get("cond_kl_by_enumeration").asDouble());
      }
      golden.close(what, SamplingCost.liCaiBound(curve, plan), entry.get("thm3_bound").asDouble());
      golden.close(
          what,
          SamplingCost.sharpLiCaiBound(curve, plan),
          entry.get("sharp_bound_smax_minus_1").asDouble());
      if (entry.get("schedule").asText().equals("dp_optimal")) {
        SizePlan optimal = new StepPlanner(curve).forSteps(entry.get("N").asInt());
        golden.close(
            what + " planned",
            SamplingCost.conditionalKl(curve, optimal),
            entry.get("cond_kl").asDouble());
      }
    }
    golden.report(reporter, 2275);
  }

  @Test
  void correlationSizes(TestReporter reporter) {
    Golden golden = new Golden("chen_tc_dtc_schedules");
    for (JsonNode entry : Golden.file("chen_tc_dtc_schedules")) {
      boolean named = !entry.get("dist").isNull();
      int d = named ? Golden.law(entry.get("dist").asText()).length() : entry.get("d").asInt();
      double bound = entry.get("C_hat").asDouble();
      double eps = entry.get("eps").asDouble();
      SizePlan plan =
          entry.get("kind").asText().equals("tc")
              ? CorrelationSizes.forTotalCorrelation(d, bound, eps)
              : CorrelationSizes.forDualTotalCorrelation(d, bound, eps);
      if (named) {
        golden.same("sizes", plan.sizes(), entry.get("sizes"));
        double cost = SamplingCost.conditionalKl(curve(entry.get("dist").asText()), plan);
        golden.close("cost", cost, entry.get("cond_kl").asDouble());
      } else {
        golden.close("steps", plan.steps(), entry.get("n_steps").asInt());
        int[] head = Arrays.copyOf(plan.sizes(), entry.get("sizes_head").size());
        golden.same("head", head, entry.get("sizes_head"));
        int from = plan.steps() - entry.get("sizes_tail").size();
        int[] tail = Arrays.copyOfRange(plan.sizes(), from, plan.steps());
        golden.same("tail", tail, entry.get("sizes_tail"));
      }
    }
    golden.report(reporter, 573);
  }

  @Test
  void helpers(TestReporter reporter) {
    Golden golden = new Golden("helpers");
    JsonNode helpers = Golden.file("helpers");
    for (Map.Entry<String, JsonNode> entry : helpers.get("D_coefficients").properties()) {
      int d = Integer.parseInt(entry.getKey());
      golden.close("c_" + d, EffectiveCoefficients.of(d), entry.getValue());
    }
    for (JsonNode entry : helpers.get("pava_nonincreasing")) {
      double[] fitted =
          IsotonicRegression.nonIncreasing(
              Golden.doubles(entry.get("y")), Golden.doubles(entry.get("w")));
      golden.close("pava", fitted, entry.get("out"));
    }
    for (JsonNode entry : helpers.get("D_two_dirac")) {
      int m = entry.get(0).asInt();
      int[] ones = new int[m];
      Arrays.fill(ones, 1);
      int[][] words = {new int[m], ones};
      ExactLaw law = ExactLaw.diracMixture(words, new double[] {0.5, 0.5}, 2);
      golden.close("D two Dirac " + m, effective(law), entry.get(1).asDouble());
    }
    for (JsonNode entry : helpers.get("D_latent_parity")) {
      int k = entry.get(0).asInt();
      ExactLaw law = ExactLaw.latentParity(k, k);
      golden.close("D latent parity " + k, effective(law), entry.get(1).asDouble());
      double tc = law.curve().orElseThrow().totalCorrelation();
      golden.close("TC latent parity " + k, tc, entry.get(2).asDouble());
    }
    for (JsonNode entry : helpers.get("D_zero_sum")) {
      ExactLaw law = ExactLaw.zeroSum(entry.get(0).asInt(), entry.get(1).asInt());
      golden.close("D zero sum", effective(law), entry.get(2).asDouble());
      golden.close("D zero sum, closed form", effective(law), entry.get(3).asDouble());
    }
    golden.report(reporter, 57);
  }

  private static double effective(ExactLaw law) {
    return law.curve().orElseThrow().effectiveTotalCorrelation();
  }

  @Test
  void optimalGridsAndSizes(TestReporter reporter) {
    Golden golden = new Golden("optimal_iid_grid");
    for (JsonNode entry : Golden.file("optimal_iid_grid")) {
      InformationCurve curve = curve(entry.get("dist").asText());
      SizePlan optimal = new StepPlanner(curve).forSteps(entry.get("N").asInt());
      double expected = entry.get("dp_sizes_cond_kl").asDouble();
      golden.close("DP", SamplingCost.conditionalKl(curve, optimal), expected);
      SizePlan given = SizePlan.of(Golden.integers(entry.get("dp_sizes")));
      golden.close("given sizes", SamplingCost.conditionalKl(curve, given), expected);
      double[] nodes = Golden.doubles(entry.get("cum_reveal_P"));
      double[] weights = new double[nodes.length - 1];
      Arrays.setAll(weights, k -> nodes[k + 1] - nodes[k]);
      double cost = SamplingCost.conditionalKl(curve, ChancePlan.of(weights));
      golden.close("grid", cost, entry.get("cond_kl").asDouble());
      ChancePlan planned = GridPlanner.forSteps(curve, entry.get("N").asInt());
      golden.close("planned weights", planned.weights(), weights);
      golden.close(
          "planned", SamplingCost.conditionalKl(curve, planned), entry.get("cond_kl").asDouble());
    }
    golden.report(reporter, 266);
  }

  @Test
  void planningWithTheSizesOfTheFileIsNeverBetter() {
    for (JsonNode entry : Golden.file("size_schedules")) {
      InformationCurve curve = curve(entry.get("dist").asText());
      SizePlan plan = SizePlan.of(Golden.integers(entry.get("sizes")));
      SizePlan optimal = new StepPlanner(curve).forSteps(plan.steps());
      double gain =
          SamplingCost.conditionalKl(curve, plan) - SamplingCost.conditionalKl(curve, optimal);
      assertEquals(Math.max(0, gain), gain, 1e-12, entry.toString());
    }
  }
}
