package io.github.dllm4j.engine.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What is lost by stopping the exact reverse process early. */
class EarlyStoppingGoldenTest {

  /** The exact process down to delta, then one factorised denoising step. */
  @Test
  void earlyStopping(TestReporter reporter) {
    Golden golden = new Golden("04 early stopping");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      ExactReverse exact = ExactReverse.of(law, NoiseProcess.uniform(law.symbols()));
      for (JsonNode entry : UniformGolden.values("04_uniformization", name).get("early_stop")) {
        double delta = entry.get("delta").asDouble();
        double[] noised = NoisyOracle.uniform(law).noised(delta);
        ReverseMove denoise =
            ReverseMove.step(
                ReverseKernel.tweedie(), NoiseLevel.unitRate(delta), NoiseLevel.unitRate(0));
        golden.close(
            name,
            Divergence.kl(law.table(), exact.after(noised, denoise)),
            entry.get("KL_out_after_factorised_denoise").asDouble());
        golden.close(
            name, Divergence.kl(law.table(), noised), entry.get("KL_p0_qdelta").asDouble());
      }
    }
    golden.report(reporter, 42);
  }
}
