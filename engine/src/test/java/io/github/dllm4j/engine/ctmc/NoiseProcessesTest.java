package io.github.dllm4j.engine.ctmc;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class NoiseProcessesTest {

  @Nested
  class Masking extends NoiseProcessContractTest {
    @Override
    protected NoiseProcess process() {
      return NoiseProcess.masking(3);
    }
  }

  @Nested
  class Uniform extends NoiseProcessContractTest {
    @Override
    protected NoiseProcess process() {
      return NoiseProcess.uniform(4);
    }
  }

  /** One token and MASK: all there is to noise is to hide it. */
  @Nested
  class MaskingOfOneToken extends NoiseProcessContractTest {
    @Override
    protected NoiseProcess process() {
      return NoiseProcess.masking(1);
    }
  }

  /** The only token stays. */
  @Nested
  class UniformOfOneToken extends NoiseProcessContractTest {
    @Override
    protected NoiseProcess process() {
      return NoiseProcess.uniform(1);
    }
  }

  @Test
  void refuseNoTokens() {
    assertThrows(IllegalArgumentException.class, () -> NoiseProcess.masking(0));
    assertThrows(IllegalArgumentException.class, () -> NoiseProcess.uniform(0));
  }
}
