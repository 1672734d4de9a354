package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.Uniformization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Exact simulation of the reverse process: its law from the prior, its cost. */
class UniformizationGoldenTest {

  /**
   * The file simulates down to 0; here it is to 1e-12, which moves probabilities by about as much.
   * Its laws list the first 16 words.
   */
  @Test
  void exactReverseFromThePrior(TestReporter reporter) {
    Golden golden = new Golden("04 exact reverse process from the prior");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      ExactReverse exact = ExactReverse.of(law, NoiseProcess.uniform(law.symbols()));
      for (String horizon : new String[] {"2", "4", "8"}) {
        JsonNode want = UniformGolden.values("04_uniformization", name).get("T=" + horizon);
        double t = Double.parseDouble(horizon);
        double[] out = exact.outputLaw(new Uniformization(t, 1e-12));
        String what = name + " T " + horizon;
        golden.close(
            what, Divergence.kl(law.table(), out), want.get("KL_exact_reverse_from_pi").asDouble());
        golden.close(
            what,
            Divergence.kl(NoisyOracle.uniform(law).noised(t), exact.start()),
            want.get("KL_qT_pi").asDouble());
        double[] first = Golden.doubles(want.get("law"));
        for (int x = 0; x < first.length; x++) {
          golden.close(what + " word " + x, out[x], first[x]);
        }
      }
    }
    golden.report(reporter, 378);
  }

  @Test
  void expectedEvents(TestReporter reporter) {
    Golden golden = new Golden("04 expected candidate events");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      for (JsonNode entry : UniformGolden.values("04_uniformization", name).get("early_stop")) {
        Uniformization course = new Uniformization(8, entry.get("delta").asDouble());
        golden.close(
            name,
            course.expectedEvents(law.length(), law.symbols()),
            entry.get("expected_candidates").asDouble());
      }
    }
    // The spec's example, section 7, has three decimals.
    assertEquals(16.906, new Uniformization(4, 0.05).expectedEvents(3, 3), 5e-4);
    // Near 0 the mass is log delta: ten times closer is log 10 more a token.
    for (double delta : new double[] {1e-9, 1e-13, 1e-17}) {
      double closer = new Uniformization(5, delta / 10).expectedEvents(1, 2);
      assertEquals(Math.log(10), closer - new Uniformization(5, delta).expectedEvents(1, 2), 2e-9);
    }
    golden.report(reporter, 21);
  }
}
