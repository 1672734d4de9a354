package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.info.SamplingCost.PathCost;
import io.github.dllm4j.engine.oracle.ExactSampling.Output;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.Confidence;
import io.github.dllm4j.engine.sample.RemaskPlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.sample.TrapezoidalPlan;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What the production plans put out through the production denoiser, exactly. */
class ExactSamplingGoldenTest {
  private final Map<String, ExactSampling> samplings = new HashMap<>();

  private ExactSampling sampling(String name) {
    return samplings.computeIfAbsent(
        name,
        n -> {
          ExactLaw law = Golden.law(n);
          Canvas canvas = Canvas.blank(law.length(), law.symbols());
          return new ExactSampling(new OracleDenoiser(law), canvas, 1, 1);
        });
  }

  private static void compare(Golden golden, String what, double[] out, JsonNode expected) {
    double[] law = Golden.law(expected.get("dist").asText()).table();
    golden.close(what + " KL", Divergence.kl(law, out), expected.get("marg_kl").asDouble());
    golden.close(what + " TV", Divergence.totalVariation(law, out), expected.get("tv").asDouble());
    golden.close(
        what + " mass",
        Divergence.massOnSupport(law, out),
        expected.get("mass_on_support").asDouble());
    for (JsonNode word : expected.path("p_out")) {
      golden.probability(what, out[word.get(0).asInt()], word.get(1).asDouble());
    }
  }

  @Test
  void tauLeaping(TestReporter reporter) {
    Golden golden = new Golden("tau_leaping, exact output laws");
    for (JsonNode entry : Golden.file("tau_leaping")) {
      if (entry.has("marg_kl")) {
        String name = entry.get("dist").asText();
        ChancePlan plan = Golden.tauLeaping(entry);
        compare(golden, name + plan, sampling(name).outputLaw(plan), entry);
      }
    }
    golden.report(reporter, 1152);
  }

  @Test
  void sizes(TestReporter reporter) {
    Golden golden = new Golden("size_schedules, exact output laws");
    for (JsonNode entry : Golden.file("size_schedules")) {
      if (entry.has("marg_kl")) {
        String name = entry.get("dist").asText();
        SizePlan plan = SizePlan.of(Golden.integers(entry.get("sizes")));
        compare(golden, name + plan, sampling(name).outputLaw(plan), entry);
      }
    }
    golden.report(reporter, 1602);
  }

  @Test
  void confidence(TestReporter reporter) {
    Golden golden = new Golden("confidence, exact output laws");
    for (JsonNode entry : Golden.file("confidence")) {
      String name = entry.get("dist").asText();
      RevealPlan plan = confidencePlan(entry);
      Output output = sampling(name).run(plan);
      double[] law = Golden.law(name).table();
      String what = name + " " + plan;
      golden.close(what, Divergence.kl(law, output.law()), entry.get("marg_kl").asDouble());
      if (entry.has("tv")) {
        golden.close(
            what, Divergence.totalVariation(law, output.law()), entry.get("tv").asDouble());
      }
      if (entry.has("mass_on_support")) {
        golden.close(
            what,
            Divergence.massOnSupport(law, output.law()),
            entry.get("mass_on_support").asDouble());
      }
      if (entry.has("expected_steps")) {
        golden.close(what, output.expectedEvaluations(), entry.get("expected_steps").asDouble());
      }
      if (entry.has("p_out_first4")) {
        golden.probability(what, Arrays.copyOf(output.law(), 4), entry.get("p_out_first4"));
      }
      if (entry.has("cond_kl")) {
        double cost =
            SamplingCost.conditionalKl(Golden.law(name).curve().orElseThrow(), (SizePlan) plan);
        golden.close(what, cost, entry.get("cond_kl").asDouble());
      }
    }
    golden.report(reporter, 504);
  }

  private static RevealPlan confidencePlan(JsonNode entry) {
    String rule = entry.get("rule").asText().replaceAll(" .*", "");
    SizePlan sizes = SizePlan.of(Golden.integers(entry.path("sizes")));
    return switch (rule) {
      case "random_order" -> sizes;
      case "context_topk" ->
          AdaptivePlan.mostConfident(
              sizes,
              switch (entry.get("score").asText()) {
                case "maxprob" -> Confidence.MAX_PROBABILITY;
                case "margin" -> Confidence.MARGIN;
                case "negentropy" -> Confidence.NEGATIVE_ENTROPY;
                default -> throw new IllegalArgumentException(entry.toString());
              });
      case "candidate_topk" -> AdaptivePlan.mostConfident(sizes, Confidence.CANDIDATE);
      case "context_threshold" ->
          AdaptivePlan.threshold(entry.get("tau").asDouble(), Confidence.MAX_PROBABILITY);
      case "candidate_threshold" ->
          AdaptivePlan.threshold(entry.get("tau").asDouble(), Confidence.CANDIDATE);
      case "entropy_bound" -> AdaptivePlan.entropyBound(entry.get("gamma").asDouble());
      default -> throw new IllegalArgumentException(rule);
    };
  }

  @Test
  void remasking(TestReporter reporter) {
    Golden golden = new Golden("remdm");
    for (JsonNode entry : Golden.file("remdm")) {
      String name = entry.get("dist").asText();
      TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, entry.get("N").asInt());
      RemaskPlan plan =
          switch (entry.get("sigma").asText()) {
            case "none" -> RemaskPlan.capped(grid, 0);
            case "cap_0.1" -> RemaskPlan.capped(grid, 0.1);
            case "rescale_0.5" -> RemaskPlan.rescaled(grid, 0.5);
            case "max" -> RemaskPlan.rescaled(grid, 1);
            default -> throw new IllegalArgumentException(entry.toString());
          };
      double[] out = sampling(name).outputLaw(plan);
      double[] law = Golden.law(name).table();
      golden.close(name + plan, Divergence.kl(law, out), entry.get("marg_kl").asDouble());
      golden.close(name + plan, Divergence.totalVariation(law, out), entry.get("tv").asDouble());
      golden.close(
          name + plan, 1 - Arrays.stream(out).sum(), entry.get("leftover_mask").asDouble());
    }
    golden.report(reporter, 84);
  }

  @Test
  void thetaTrapezoidal(TestReporter reporter) {
    Golden golden = new Golden("theta_trapezoidal");
    for (JsonNode entry : Golden.file("theta_trapezoidal")) {
      String name = entry.get("dist").asText();
      TimeGrid grid = TimeGrid.alphaLinear(12, entry.get("N").asInt());
      boolean modified = entry.get("theta").isNull();
      RevealPlan plan =
          modified
              ? ChancePlan.of(grid, TauLeaping.MODIFIED)
              : TrapezoidalPlan.of(grid, entry.get("theta").asDouble());
      double[] out = sampling(name).outputLaw(plan);
      double[] law = Golden.law(name).table();
      golden.close(name + plan, Divergence.kl(law, out), entry.get("marg_kl").asDouble());
      golden.close(name + plan, Divergence.totalVariation(law, out), entry.get("tv").asDouble());
      int calls = modified ? grid.steps() : 2 * grid.steps() - 1;
      golden.close(name + plan, calls, entry.get("nfe").asDouble());
    }
    golden.report(reporter, 72);
  }

  @Test
  void randomStartOfTheorem12(TestReporter reporter) {
    Golden golden = new Golden("tau_leaping_theorem12_init");
    for (JsonNode entry : Golden.file("tau_leaping_theorem12_init")) {
      ExactLaw law = Golden.law(entry.get("dist").asText());
      double horizon = entry.get("T").asDouble();
      TimeGrid grid = TimeGrid.uniform(horizon, entry.get("N").asInt());
      ChancePlan plan = ChancePlan.of(grid, TauLeaping.MODIFIED);
      double[] out = sampling(entry.get("dist").asText()).run(plan, Math.exp(-horizon)).law();
      compare(golden, "random start", out, entry);
      PathCost cost = SamplingCost.theorem12(law.curve().orElseThrow(), grid, law.symbols());
      golden.close("init", cost.initial(), entry.get("init_kl").asDouble());
      golden.close("init bound", cost.initialBound(), entry.get("init_kl_bound").asDouble());
      golden.close("path", cost.discretisation(), entry.get("disc_path_kl").asDouble());
      golden.close(
          "total", cost.discretisation() + cost.initial(), entry.get("total_path_kl").asDouble());
    }
    golden.report(reporter, 28);
  }
}
