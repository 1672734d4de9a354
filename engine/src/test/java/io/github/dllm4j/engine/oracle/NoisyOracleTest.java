package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.dllm4j.engine.ctmc.NearestProcess;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.DenoiserContractTest;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import org.junit.jupiter.api.Test;

class NoisyOracleTest extends DenoiserContractTest {
  private final ExactLaw law = UniformGolden.law("markov_S3_d4");

  @Override
  protected Denoiser denoiser() {
    return NoisyOracle.uniform(law);
  }

  @Override
  protected int length() {
    return 4;
  }

  @Override
  protected double tolerance() {
    return 0;
  }

  /** The sums of the definition, term by term, for a process that is not uniform either. */
  @Test
  void lawsAreTheSumsOfTheirDefinition() {
    double[] p = law.table();
    for (NoiseProcess process :
        new NoiseProcess[] {NoiseProcess.uniform(3), new NearestProcess(3)}) {
      int[] noisy = {2, 0, 1, 1};
      double[][] expected = new double[4][3];
      double noised = 0;
      for (int x0 = 0; x0 < p.length; x0++) {
        int[] word = UniformGolden.word(law, x0);
        double all = p[x0];
        for (int j = 0; j < 4; j++) {
          all *= process.transition(word[j], noisy[j], 0.6);
        }
        noised += all;
        for (int i = 0; i < 4; i++) {
          expected[i][word[i]] += all / process.transition(word[i], noisy[i], 0.6);
        }
      }
      NoisyOracle oracle = new NoisyOracle(law, process);
      assertEquals(noised, oracle.noised(0.6)[((2 * 3) * 3 + 1) * 3 + 1], 1e-15);
      TokenBatch batch = TokenBatch.of(4, noisy, new double[] {0.6});
      double[][] laws = oracle.predict(batch, Rows.all(batch)).toArray();
      for (int i = 0; i < 4; i++) {
        assertArrayEquals(Words.finish(new double[][] {expected[i]})[0], laws[i], 1e-14);
      }
    }
  }

  @Test
  void withoutNoiseItIsTheLawAndItsConditionals() {
    NoisyOracle oracle = NoisyOracle.uniform(law);
    assertArrayEquals(law.table(), oracle.noised(0), 1e-16);
    TokenBatch batch = TokenBatch.of(4, new int[] {1, 2, 2, 0}, new double[] {0});
    double[] answer = oracle.predict(batch, Rows.of(new int[] {2})).toArray()[0];
    assertArrayEquals(law.conditionals(new int[] {1, 2, 3, 0})[2], answer, 1e-14);
  }

  @Test
  void refusesAProcessOfAnotherSize() {
    NoiseProcess masking = NoiseProcess.masking(3);
    assertThrows(IllegalArgumentException.class, () -> new NoisyOracle(law, masking));
  }
}
