package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.DenoiserContractTest;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import org.junit.jupiter.api.Test;

class OracleDenoiserTest extends DenoiserContractTest {

  @Override
  protected Denoiser denoiser() {
    return new OracleDenoiser(Golden.law("hmm_d6_S3"));
  }

  @Override
  protected int length() {
    return 6;
  }

  @Override
  protected double tolerance() {
    return 0;
  }

  @Test
  void answersRowByRow() {
    ExactLaw law = Golden.law("markov_d4_S2");
    int[] tokens = {2, 0, 2, 2, /* */ 1, 2, 2, 0};
    TokenBatch batch = TokenBatch.of(4, tokens, new double[] {1, 1});
    double[][] laws = new OracleDenoiser(law).predict(batch, Rows.of(new int[] {2, 5})).toArray();
    double[] first = law.conditionals(new int[] {2, 0, 2, 2})[2];
    double[] second = law.conditionals(new int[] {1, 2, 2, 0})[1];
    assertArrayEquals(new double[] {first[0], first[1], 0}, laws[0]);
    assertArrayEquals(new double[] {second[0], second[1], 0}, laws[1]);
  }

  @Test
  void refusesAnotherLength() {
    TokenBatch batch = TokenBatch.of(5, new int[5], new double[] {1});
    assertThrows(
        IllegalArgumentException.class, () -> denoiser().predict(batch, Rows.of(new int[] {0})));
  }
}
