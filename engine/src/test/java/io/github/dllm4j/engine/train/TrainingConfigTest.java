package io.github.dllm4j.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TrainingConfigTest {

  private static TrainingConfig config(int steps, int batch, double rate, int warmup, double ema) {
    return new TrainingConfig(
        Objective.ELBO, 0, steps, batch, 1, Update.ADAMW, rate, warmup, 0.01, 1, 0.1, ema, 10, 1);
  }

  @Test
  void theRateWarmsUpThenFallsToAHundredth() {
    TrainingConfig config = config(110, 4, 0.5, 10, 0.99);
    assertEquals(0.05, config.learningRateAt(0), 1e-15);
    assertEquals(0.5, config.learningRateAt(9), 1e-15);
    assertEquals(0.5, config.learningRateAt(10), 1e-15);
    assertEquals(0.5 * 0.505, config.learningRateAt(60), 1e-15);
    assertEquals(0.005, config.learningRateAt(110), 1e-15);
    assertEquals(0.5, config(5, 4, 0.5, 0, 0).learningRateAt(0), 1e-15);
  }

  @Test
  void theAverageForgetsItsStart() {
    TrainingConfig config = config(100, 4, 0.5, 10, 0.9);
    assertEquals(0.1, config.emaAt(0), 1e-15);
    assertEquals(0.9, config.emaAt(1000), 1e-15);
    assertEquals(0, config(100, 4, 0.5, 10, 0).emaAt(50));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "0; 4; 0.5; 0; 0.9; steps must be 1 to 1000000000, got 0",
        "10; 0; 0.5; 0; 0.9; batch must be 1 to 65536, got 0",
        "10; 4; 0; 0; 0.9; learning rate must be above 0 to 10, got 0",
        "10; 4; NaN; 0; 0.9; learning rate must be above 0 to 10, got NaN",
        "10; 4; 0.5; 11; 0.9; warmup must be 0 to 10, got 11",
        "10; 4; 0.5; 0; 1; ema must be 0 to 0.999999999, got 1",
      })
  void refusesValuesOutOfRange(
      int steps, int batch, double rate, int warmup, double ema, String message) {
    assertEquals(
        message,
        assertThrows(IllegalArgumentException.class, () -> config(steps, batch, rate, warmup, ema))
            .getMessage());
  }

  @Test
  void refusesAPlanThatNobodyFollowsAndStepsTooLarge() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new TrainingConfig(
                Objective.ELBO, 4, 10, 4, 1, Update.ADAMW, 0.1, 0, 0, 1, 0, 0, 10, 1));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new TrainingConfig(
                Objective.MASK_PREDICTOR, 0, 10, 4, 1, Update.ADAMW, 0.1, 0, 0, 1, 0, 0, 10, 1));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new TrainingConfig(
                Objective.ELBO, 0, 10, 65536, 65536, Update.ADAMW, 1, 0, 0, 1, 0, 0, 10, 1));
  }

  @ParameterizedTest
  @EnumSource(Objective.class)
  void objectivesAreFoundByName(Objective objective) {
    assertEquals(objective, Objective.of(objective.label()));
    assertThrows(IllegalArgumentException.class, () -> Objective.of(objective.label() + "s"));
  }
}
