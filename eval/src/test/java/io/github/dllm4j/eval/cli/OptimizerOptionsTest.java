package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** How many steps a budget is. */
class OptimizerOptionsTest {

  private static OptimizerOptions options(String... args) {
    OptimizerOptions options = new OptimizerOptions();
    new CommandLine(options).parseArgs(args);
    options.requireOneBudget();
    return options;
  }

  /** 32 blocks of 16 tokens are 512 tokens a step. */
  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "512, 1",
    "1535, 2",
    "99999999999, 195312499",
    "512000000000, 1000000000",
    "512000000511, 1000000000"
  })
  void tokensAreSteps(String tokens, int steps) {
    assertEquals(Optional.of(steps), options("--tokens", tokens).steps(16));
  }

  @ParameterizedTest
  @CsvSource({"512000000512, 32", "9223372036854775807, 32", "9223372036854775807, 65536"})
  void tokensBeyondAllStepsAreRefused(String tokens, String batch) {
    OptimizerOptions options = options("--tokens", tokens, "--batch", batch);
    assertThrows(IllegalArgumentException.class, () -> options.steps(16));
  }

  @Test
  void minutesAreSteps() {
    assertEquals(1, options("--minutes", "0.001").stepsAt(2.0));
    assertEquals(90, options("--minutes", "1.5").stepsAt(1.0));
    assertEquals(960_000_000, options("--minutes", "1e6").stepsAt(16.0));
    OptimizerOptions years = options("--minutes", "1e6");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> years.stepsAt(20.0));
    assertEquals(
        "--minutes must be at most 1,000,000,000 steps of 0.050 seconds, got 1000000.0",
        e.getMessage());
  }
}
