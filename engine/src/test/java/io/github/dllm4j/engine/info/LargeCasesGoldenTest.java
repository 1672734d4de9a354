package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Curves of 32 to 128 tokens, known in closed form only. */
class LargeCasesGoldenTest {

  private static ExactLaw law(JsonNode entry) {
    JsonNode p = entry.get("params");
    int d = entry.get("d").asInt();
    return switch (entry.get("kind").asText()) {
      case "latent_parity" -> ExactLaw.latentParity(p.get("I0").asInt(), p.get("I1").asInt());
      case "two_dirac" -> {
        int[] other = new int[d];
        Arrays.fill(other, 0, p.get("m").asInt(), 1);
        double w = p.get("weight_a").asDouble();
        int[][] words = {new int[d], other};
        yield ExactLaw.diracMixture(words, new double[] {w, 1 - w}, 2);
      }
      case "zero_sum" -> ExactLaw.zeroSum(d, p.get("q").asInt());
      case "mds_code" -> ExactLaw.reedSolomon(d, p.get("k").asInt(), p.get("q").asInt());
      case "potts_chain" -> ExactLaw.potts(d, p.get("q").asInt(), p.get("J").asDouble());
      case "markov" -> {
        double[][] transition = new double[p.get("P").size()][];
        Arrays.setAll(transition, r -> Golden.doubles(p.get("P").get(r)));
        yield ExactLaw.markov(d, Golden.doubles(p.get("pi")), transition);
      }
      default -> throw new IllegalArgumentException(entry.get("kind").asText());
    };
  }

  @Test
  void matchTheGoldenFile(TestReporter reporter) {
    Golden golden = new Golden("large_d");
    for (JsonNode entry : Golden.file("large_d")) {
      String name = entry.get("kind").asText() + " " + entry.get("params");
      InformationCurve curve = law(entry).curve().orElseThrow();
      functionals(golden, name, curve, entry);
      for (JsonNode leaping : entry.get("tau_leaping")) {
        double cost = SamplingCost.conditionalKl(curve, plan(leaping));
        golden.close(name + leaping, cost, leaping.get("cond_kl").asDouble());
      }
      StepPlanner planner = new StepPlanner(curve);
      for (JsonNode sizes : entry.get("size_schedules")) {
        sizes(golden, name, curve, planner, sizes);
      }
      for (JsonNode steps : entry.get("steps_for_eps")) {
        double eps = steps.get("eps").asDouble();
        golden.close(name, planner.forBudget(eps).steps(), steps.get("N_dp").asInt());
        golden.close(name, balancedSteps(curve, eps), steps.get("N_balanced").asInt());
      }
    }
    golden.report(reporter, 456);
  }

  private static void functionals(
      Golden golden, String name, InformationCurve curve, JsonNode entry) {
    assertEquals(entry.get("d").asInt(), curve.length());
    for (JsonNode value : entry.get("h")) {
      golden.close(name + " h", curve.at(value.get(0).asInt()), value.get(1).asDouble());
    }
    golden.close(name + " H", curve.entropy(), entry.get("H").asDouble());
    golden.close(name + " TC", curve.totalCorrelation(), entry.get("TC").asDouble());
    golden.close(name + " DTC", curve.dualTotalCorrelation(), entry.get("DTC").asDouble());
    golden.close(name + " D", curve.effectiveTotalCorrelation(), entry.get("D").asDouble());
    golden.close(name + " SMI", curve.sumOfMutualInformation(), entry.get("sum_MI").asDouble());
    for (JsonNode rate : entry.get("I_t")) {
      double actual = curve.informationRate(rate.get(0).asDouble());
      golden.close(name + " I(" + rate.get(0) + ")", actual, rate.get(1).asDouble());
    }
  }

  private static ChancePlan plan(JsonNode entry) {
    int steps = entry.get("N").asInt();
    TimeGrid grid =
        switch (entry.get("grid").asText()) {
          case "uniform T=8" -> TimeGrid.uniform(8, steps);
          case "expconst T=8 delta=0.01" -> TimeGrid.exponentialThenConstant(8, 0.01, steps);
          default -> throw new IllegalArgumentException(entry.get("grid").asText());
        };
    String kind = entry.get("sampler").asText().toUpperCase(Locale.ROOT);
    return ChancePlan.of(grid, TauLeaping.valueOf(kind));
  }

  private static void sizes(
      Golden golden, String name, InformationCurve curve, StepPlanner planner, JsonNode entry) {
    int steps = entry.get("N").asInt();
    int d = curve.length();
    double optimal = SamplingCost.conditionalKl(curve, planner.forSteps(steps));
    golden.close(name + " DP", optimal, entry.get("dp_cond_kl").asDouble());
    double balanced = SamplingCost.conditionalKl(curve, SizePlan.balanced(d, steps));
    golden.close(name + " balanced", balanced, entry.get("balanced_cond_kl").asDouble());
    double cosine = SamplingCost.conditionalKl(curve, SizePlan.cosine(d, steps));
    golden.close(name + " cosine", cosine, entry.get("cosine_cond_kl").asDouble());
    // Square roots of differences that are rounding noise of 1e-17 in double: no 1e-10 here.
    double smooth = entry.get("continuous_approx").asDouble();
    assertEquals(smooth, planner.smoothCost(steps), 1e-8 * Math.max(1, smooth), name + " smooth");
    if (!entry.get("dp_sizes").isNull()) {
      SizePlan given = SizePlan.of(Golden.integers(entry.get("dp_sizes")));
      golden.close(name + " given sizes", SamplingCost.conditionalKl(curve, given), optimal);
    }
  }

  private static int balancedSteps(InformationCurve curve, double eps) {
    int steps = 1;
    while (SamplingCost.conditionalKl(curve, SizePlan.balanced(curve.length(), steps)) > eps) {
      steps++;
    }
    return steps;
  }
}
