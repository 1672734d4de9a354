package io.github.dllm4j.engine.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;

/** The test that the law tests stand on, against values of the chi-square tables. */
class ChiSquareTest {
  private static final double[] COIN = {0.5, 0.5};

  /** The statistic is 4 with one degree of freedom, of (55, 45) it is 1. */
  @Test
  void aCoin() {
    assertEquals(0.0455003, ChiSquare.pValue(COIN, new long[] {60, 40}), 5e-8);
    assertEquals(0.3173105, ChiSquare.pValue(COIN, new long[] {55, 45}), 5e-8);
    assertEquals(1, ChiSquare.pValue(COIN, new long[] {50, 50}), 1e-12);
  }

  /**
   * Two classes that expect 3 each are tested as one of 6: the statistic of (60, 34, 6) against
   * (60, 34, 6) is 0, that of (54, 34, 12) is 0.6 + 6 with two degrees of freedom.
   */
  @Test
  void rareClassesArePooled() {
    double[] law = {0.6, 0.03, 0.34, 0.03};
    assertEquals(1, ChiSquare.pValue(law, new long[] {60, 6, 34, 0}), 1e-12);
    double p = ChiSquare.pValue(law, new long[] {54, 3, 34, 9});
    assertEquals(Math.exp(-6.6 / 2), p, 1e-12);
  }

  @Test
  void whatIsImpossibleIsRejected() {
    double[] law = {0.5, 0.5, 0};
    assertEquals(0, ChiSquare.pValue(law, new long[] {500, 499, 1}));
    assertEquals(1, ChiSquare.pValue(law, new long[] {500, 500, 0}), 1e-12);
  }

  /** Half a law would pass: the test scales it. */
  @Test
  void aLawMustSumToOne() {
    long[] counts = {50, 50};
    for (double[] law : new double[][] {{0.25, 0.25}, {0.5, 0.5 + 1e-8}, {1, 1}}) {
      assertThrows(AssertionFailedError.class, () -> ChiSquare.pValue(law, counts));
    }
  }
}
