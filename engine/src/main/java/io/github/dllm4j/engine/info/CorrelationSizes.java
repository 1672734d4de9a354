package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.Locale;

/**
 * The sizes of Chen, Cong, Li (Theorem 9), which need only a bound on one correlation: with m holes
 * left fill max(1, floor(m / zeta)), zeta = 1 + ceil(C / budget). Conditional KL at most the budget
 * in at most 2 + (1 + ln d)(1 + ceil(C / budget)) steps. The floor is lost in the paper's text.
 */
public final class CorrelationSizes {
  private CorrelationSizes() {}

  /**
   * Large blocks first, for a bound on the total correlation.
   *
   * @param holes number of holes, at least 0
   * @param totalCorrelation nats, at least 0
   * @param budget nats, above 0
   * @return the plan
   */
  public static SizePlan forTotalCorrelation(int holes, double totalCorrelation, double budget) {
    return SizePlan.of(sizes(holes, totalCorrelation, budget));
  }

  /**
   * The same sizes, large blocks last, for a bound on the dual total correlation.
   *
   * @param holes number of holes, at least 0
   * @param dualTotalCorrelation nats, at least 0
   * @param budget nats, above 0
   * @return the plan
   */
  public static SizePlan forDualTotalCorrelation(
      int holes, double dualTotalCorrelation, double budget) {
    int[] sizes = sizes(holes, dualTotalCorrelation, budget);
    int[] reversed = new int[sizes.length];
    Arrays.setAll(reversed, k -> sizes[sizes.length - 1 - k]);
    return SizePlan.of(reversed);
  }

  private static int[] sizes(int holes, double correlation, double budget) {
    if (!(correlation >= 0 && budget > 0)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "correlation must be at least 0 and budget above 0 nats, got %s and %s",
              correlation,
              budget));
    }
    double zeta = 1 + Math.ceil(correlation / budget);
    int[] sizes = new int[holes];
    int steps = 0;
    for (int left = holes; left > 0; steps++) {
      sizes[steps] = Math.max(1, (int) Math.floor(left / zeta));
      left -= sizes[steps];
    }
    return Arrays.copyOf(sizes, steps);
  }
}
