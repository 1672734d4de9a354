package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class IsotonicRegressionTest {
  private static final double[] PLACES = {0, 1, 2, 3, 4};
  private static final double[] EVEN = {1, 1, 1, 1, 1};

  /** 3, 2, 4 pool to 3 around place 1; 1, 2 to 1.5 around 3.5: slope -0.6. */
  @Test
  void pooledRunsBecomeLines() {
    double[] noisy = {3, 2, 4, 1, 2};
    assertArrayEquals(
        new double[] {3, 3, 3, 1.5, 1.5}, IsotonicRegression.nonIncreasing(noisy, EVEN), 1e-12);
    assertArrayEquals(
        new double[] {3.6, 3, 2.4, 1.8, 1.2},
        IsotonicRegression.withoutSteps(PLACES, noisy, EVEN),
        1e-12);
  }

  @Test
  void whatFallsStaysAsItIs() {
    double[] falling = {5, 5 - 1e-9, 2, 0.5, 0};
    assertArrayEquals(falling, IsotonicRegression.withoutSteps(PLACES, falling, EVEN), 1e-12);
    double[] flat = {1, 1, 1, 1, 1};
    assertArrayEquals(flat, IsotonicRegression.withoutSteps(PLACES, flat, EVEN), 1e-12);
  }
}
