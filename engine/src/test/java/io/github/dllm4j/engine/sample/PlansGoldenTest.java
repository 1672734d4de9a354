package io.github.dllm4j.engine.sample;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.oracle.Golden;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

class PlansGoldenTest {

  @Test
  void grids(TestReporter reporter) {
    Golden golden = new Golden("grids");
    for (Map.Entry<String, JsonNode> entry : Golden.file("grids").properties()) {
      double[] levels = Golden.grid(entry.getKey()).toArray();
      golden.close(entry.getKey(), levels, entry.getValue().get("u"));
      if (entry.getValue().hasNonNull("kappa")) {
        double kappa = (levels[0] - levels[1]) / Math.min(1, levels[1]);
        golden.close(entry.getKey() + " kappa", kappa, entry.getValue().get("kappa").asDouble());
      }
    }
    golden.report(reporter, 171);
  }

  @Test
  void oneStepUnmask(TestReporter reporter) {
    Golden golden = new Golden("one_step_unmask");
    for (JsonNode entry : Golden.file("one_step_unmask")) {
      double u0 = entry.get("u0").asDouble();
      double u1 = entry.get("u1").asDouble();
      double c = entry.get("total_score").asDouble() * Math.expm1(u0);
      golden.probability(
          "normalised", 1 / Math.expm1(u0), entry.get("normalised_total").asDouble());
      stay(golden, TauLeaping.MODIFIED, u0, u1, c, entry.get("modified_stay"));
      stay(golden, TauLeaping.MODIFIED, u0, u1, 1, entry.get("modified_stay_normalised"));
      stay(golden, TauLeaping.TWEEDIE, u0, u1, 1, entry.get("modified_stay_normalised"));
      stay(golden, TauLeaping.TRUNCATED, u0, u1, c, entry.get("truncated_stay"));
      stay(golden, TauLeaping.TWEEDIE, u0, u1, c, entry.get("tweedie_stay"));
    }
    golden.report(reporter, 36);
  }

  private static void stay(
      Golden golden, TauLeaping kind, double u0, double u1, double c, JsonNode expected) {
    double stay = 1 - kind.unmaskProbability(u0, u1, c);
    golden.probability(kind + " " + u0 + " " + u1, stay, expected.asDouble());
  }

  @Test
  void tauLeapingWeightsAndEvaluations(TestReporter reporter) {
    Golden golden = new Golden("tau_leaping, weights and evaluations");
    for (JsonNode entry : Golden.file("tau_leaping")) {
      String what = entry.get("grid").asText() + " " + entry.get("sampler").asText();
      ChancePlan plan = Golden.tauLeaping(entry);
      if (entry.has("reveal_weights")) {
        golden.probability(what, plan.weights(), entry.get("reveal_weights"));
      }
      int holes = Golden.law(entry.get("dist").asText()).length();
      golden.close(
          what, plan.expectedEvaluations(holes), entry.get("expected_nonempty_steps").asDouble());
    }
    golden.report(reporter, 3332);
  }

  @Test
  void sizeSchedules(TestReporter reporter) {
    Golden golden = new Golden("helpers.size_schedules and size_schedules, sizes");
    for (Map.Entry<String, JsonNode> entry :
        Golden.file("helpers").get("size_schedules").properties()) {
      String name = entry.getKey();
      int d = Integer.parseInt(name.replaceAll(".*_d(\\d+)_.*", "$1"));
      int steps = Integer.parseInt(name.replaceAll(".*_N", ""));
      String kind = name.substring(0, name.indexOf("_d"));
      golden.same(name, plan(kind, d, steps).sizes(), entry.getValue());
    }
    for (JsonNode entry : Golden.file("size_schedules")) {
      String kind = entry.get("schedule").asText();
      if (!kind.equals("dp_optimal")) {
        int d = Golden.law(entry.get("dist").asText()).length();
        golden.same(kind, plan(kind, d, entry.get("N").asInt()).sizes(), entry.get("sizes"));
      }
    }
    golden.report(reporter, 2244);
  }

  private static SizePlan plan(String kind, int d, int steps) {
    return switch (kind) {
      case "balanced" -> SizePlan.balanced(d, steps);
      case "cosine" -> SizePlan.cosine(d, steps);
      case "geometric_r2", "geometric_2" -> SizePlan.geometric(d, steps, 2);
      case "geometric_r0.5", "geometric_half" -> SizePlan.geometric(d, steps, 0.5);
      case "front" -> SizePlan.front(d, steps);
      case "back" -> SizePlan.back(d, steps);
      default -> throw new IllegalArgumentException(kind);
    };
  }

  @Test
  void firstHitting(TestReporter reporter) {
    Golden golden = new Golden("first_hitting");
    double masked = 1;
    for (JsonNode row : Golden.file("first_hitting").get("rows")) {
      masked =
          SizePlan.hit(masked, row.get("masked_before").asInt(), row.get("uniform").asDouble());
      golden.close("time", masked, row.get("time").asDouble());
    }
    golden.report(reporter, 4);
  }
}
