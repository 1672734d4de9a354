package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class EstimateTest {
  @Test
  void theTextSaysWhatIsKnownOfTheError() {
    assertEquals("2.00 +- 1.00", Estimate.of(1, 3).text(2));
    assertEquals("1.250 +- ?", Estimate.of(1.25).text(3));
    assertEquals("1.3", new Estimate(1.25, 0, 0).text(1));
    assertEquals("Infinity +- ?", Estimate.of(1, Double.POSITIVE_INFINITY).text(4));
  }
}
