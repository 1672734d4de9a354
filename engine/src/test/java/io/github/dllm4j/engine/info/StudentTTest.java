package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudentTTest {

  /** Printed tables of the t distribution, to their three decimals. */
  @ParameterizedTest
  @CsvSource({
    "0.95, 1, 12.706",
    "0.95, 2, 4.303",
    "0.95, 3, 3.182",
    "0.95, 4, 2.776",
    "0.95, 10, 2.228",
    "0.95, 29, 2.045",
    "0.95, 60, 2.000",
    "0.99, 5, 4.032",
    "0.9, 7, 1.895",
    "0.95, 1000, 1.962"
  })
  void quantilesAreThoseOfTheTables(double level, int freedom, double t) {
    assertEquals(t, StudentT.quantile(level, freedom), 5.1e-4);
    assertEquals(
        2 * StudentT.quantile(level, freedom),
        new Estimate(7, 2, freedom + 1).halfWidth(level),
        1e-12);
  }

  @Test
  void edges() {
    assertEquals(0, new Estimate(7, 0, 0).halfWidth(0.95));
    assertEquals(Double.POSITIVE_INFINITY, StudentT.quantile(0.95, 0));
    assertEquals(1.96, StudentT.quantile(0.95, 1_000_000), 0.002);
    assertEquals(3.290527, StudentT.quantile(0.999, 1_000_000), 2e-3 * 3.290527);
    assertThrows(IllegalArgumentException.class, () -> StudentT.quantile(1, 3));
  }
}
