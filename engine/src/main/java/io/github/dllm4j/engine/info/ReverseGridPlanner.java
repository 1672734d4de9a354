package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.Locale;

/**
 * The grid of least path KL under uniform noise ({@link ReverseCost#pathKl}), that is of most
 *
 * <pre>
 * sum_k (s_k - s_{k+1}) phi(s_k)
 * </pre>
 *
 * <p>by dynamic programming over candidate levels (uniform-diffusion spec 5): best[n][j] = max over
 * i &lt; j of best[n-1][i] + (c_i - c_j) phi(c_i). With many steps the best density of levels is in
 * proportion to sqrt(-phi'). Best among the candidates only; on an estimated curve its cost is
 * optimistic. Cost O(candidates) rates and O(steps candidates^2).
 */
public final class ReverseGridPlanner {
  private ReverseGridPlanner() {}

  /**
   * The best grid of a number of steps.
   *
   * @param decay of the law
   * @param candidates levels, nats, strictly descending, above 0, at least as many as steps; the
   *     first is the horizon
   * @param steps at least 1
   * @return a grid from the horizon over candidates to 0
   */
  public static TimeGrid forSteps(InformationDecay decay, double[] candidates, int steps) {
    return forSteps(candidates, Arrays.stream(candidates).map(decay::rate).toArray(), steps);
  }

  /** The same with the rates phi at the candidates, [candidates]. */
  static TimeGrid forSteps(double[] candidates, double[] rates, int steps) {
    int count = candidates.length;
    if (steps < 1 || steps > count) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "steps must be 1 to the %d candidates, got %d", count, steps));
    }
    double[] levels = Arrays.copyOf(candidates, count + 1);
    double[] best = new double[count + 1];
    Arrays.fill(best, 1, count + 1, Double.NEGATIVE_INFINITY);
    int[][] from = new int[steps][count + 1];
    for (int n = 0; n < steps; n++) {
      double[] next = new double[count + 1];
      Arrays.fill(next, Double.NEGATIVE_INFINITY);
      for (int j = 1; j <= count; j++) {
        for (int i = 0; i < j; i++) {
          double value = best[i] + (levels[i] - levels[j]) * rates[i];
          if (value > next[j]) {
            next[j] = value;
            from[n][j] = i;
          }
        }
      }
      best = next;
    }
    double[] grid = new double[steps + 1];
    int at = count;
    for (int n = steps - 1; n >= 0; n--) {
      at = from[n][at];
      grid[n] = levels[at];
    }
    return TimeGrid.of(grid);
  }
}
