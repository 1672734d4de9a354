package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What the production plans put out through the production denoiser, exactly. */
class ExactSamplingGoldenTest {
  private final Map<String, ExactSampling> samplings = new HashMap<>();

  private double[] output(String name, RevealPlan plan) {
    ExactSampling sampling =
        samplings.computeIfAbsent(
            name,
            n -> {
              ExactLaw law = Golden.law(n);
              Canvas canvas = Canvas.blank(law.length(), law.symbols());
              return new ExactSampling(new OracleDenoiser(law), canvas, 1, 1);
            });
    return sampling.outputLaw(plan);
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
        compare(golden, name + plan, output(name, plan), entry);
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
        compare(golden, name + plan, output(name, plan), entry);
      }
    }
    golden.report(reporter, 1602);
  }
}
