package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.info.LeaveOneOutProbe.Dependence;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.oracle.UniformGolden;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LeaveOneOutProbeTest {
  private final ExactLaw law = UniformGolden.law("markov_S3_d4");

  private Dependence probe(Denoiser head) {
    int[] words = new int[81 * 4];
    for (int x = 0; x < 81; x++) {
      System.arraycopy(UniformGolden.word(law, x), 0, words, 4 * x, 4);
    }
    double[] sigmas = new double[81];
    Arrays.fill(sigmas, 0.7);
    return LeaveOneOutProbe.measure(head, TokenBatch.of(4, words, sigmas), 5);
  }

  @Test
  void aTrueHeadSeesNothing() {
    assertEquals(0, probe(NoisyOracle.uniform(law)).largest());
    assertEquals(0, probe(TestHeads.denoiser(law)).largest(), 1e-14);
  }

  @Test
  void aWrongTagAndAnImperfectHeadAreSeen() {
    Dependence wrong = probe(TestHeads.denoiserInTheWrongSlot(law));
    assertTrue(wrong.mean() > 0.2, wrong.toString());
    assertTrue(wrong.largest() >= wrong.mean() && wrong.largest() <= 1, wrong.toString());
    double small = probe(TestHeads.perturbed(law, 0.01)).mean();
    double large = probe(TestHeads.perturbed(law, 0.1)).mean();
    assertEquals(10, large / small, 0.5);
  }

  @Test
  void refusesMasking() {
    OracleDenoiser masked = new OracleDenoiser(law);
    TokenBatch batch = TokenBatch.of(4, new int[4], new double[] {1});
    assertThrows(IllegalArgumentException.class, () -> LeaveOneOutProbe.measure(masked, batch, 0));
  }
}
