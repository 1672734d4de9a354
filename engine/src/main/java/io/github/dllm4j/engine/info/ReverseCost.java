package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Locale;

/**
 * What a grid costs under uniform noise, nats: Theorem 11 (Dmitriev, Huang, Wei, COLT 2026) with
 * all its terms. For additive tau-leaping with exact scores on a grid T = s_0 > .. > s_N = 0, h_k =
 * s_k - s_{k+1}, from the uniform law,
 *
 * <pre>
 * KL(reverse path || sampler's path) = left(0) - sum_k h_k phi(s_k)               exact
 *   constant steps h  &lt;= e^-T left(0) + left(0) - left(h) - h phi(T)              of the law
 *                     &lt;= e^-T d ln S + d (1 - 1/S) h (ln(S/h) + 1 + h/4)          of any law
 *   steps up to D     &lt;= e^-T d ln S + d (1 - 1/S) (2D (ln(S/2D) + 1 + D/2) + D (ln(S/D) + D/2))
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 5, which has the proofs and the constants; the theorem hides
 * them. The path KL bounds the KL of the samples, from far above. It holds for the exact posterior
 * of each token ({@link io.github.dllm4j.engine.ctmc.ReverseKernel#tweedie}) too, whose chain is
 * never further off; for truncated tau-leaping it is infinite. With a learned score add sum_k h_k
 * times its score entropy at s_k, everywhere. Cost: one rate per step.
 */
public final class ReverseCost {
  private ReverseCost() {}

  /**
   * The path KL of additive tau-leaping with exact scores, nats.
   *
   * @param decay of the law
   * @param grid may start at infinity, where the first step costs nothing but teaches nothing
   */
  public static double pathKl(InformationDecay decay, TimeGrid grid) {
    double kl = decay.left(0);
    for (int k = 0; k < grid.steps(); k++) {
      double level = grid.level(k);
      if (level < Double.POSITIVE_INFINITY) {
        kl -= (level - grid.level(k + 1)) * decay.rate(level);
      }
    }
    return kl;
  }

  /**
   * Bound of {@link #pathKl} for constant steps that knows the law, nats.
   *
   * @param decay of the law
   * @param horizon T, nats, above 0 and finite
   * @param steps at least 1
   */
  public static double dataBound(InformationDecay decay, double horizon, int steps) {
    double h = step(horizon, steps);
    double all = decay.left(0);
    return Math.exp(-horizon) * all + all - decay.left(h) - h * decay.rate(horizon);
  }

  /**
   * Bound of {@link #pathKl} for constant steps and any law, nats.
   *
   * @param length d
   * @param symbols S
   * @param horizon T, nats, above 0 and finite
   * @param steps at least 1
   */
  public static double universalBound(int length, int symbols, double horizon, int steps) {
    double h = step(horizon, steps);
    return initialBound(length, symbols, horizon)
        + neighbours(length, symbols) * h * (Math.log(symbols / h) + 1 + h / 4);
  }

  /**
   * Bound of {@link #pathKl} for any grid of finite horizon and any law, nats.
   *
   * @param length d
   * @param symbols S
   * @param grid no step longer than its horizon, which is always so
   */
  public static double anyGridBound(int length, int symbols, TimeGrid grid) {
    double longest = 0;
    for (int k = 0; k < grid.steps(); k++) {
      longest = Math.max(longest, grid.level(k) - grid.level(k + 1));
    }
    checkFinite(grid.level(0));
    double twice = 2 * longest;
    return initialBound(length, symbols, grid.level(0))
        + neighbours(length, symbols)
            * (twice * (Math.log(symbols / twice) + 1 + longest / 2)
                + longest * (Math.log(symbols / longest) + longest / 2));
  }

  /**
   * Bound of KL(q_T || pi), the start's share of the error, nats: e^-T d ln S.
   *
   * @param length d
   * @param symbols S
   * @param horizon T, nats, at least 0
   */
  public static double initialBound(int length, int symbols, double horizon) {
    return Math.exp(-horizon) * length * Math.log(symbols);
  }

  private static double neighbours(int length, int symbols) {
    return length * (1 - 1.0 / symbols);
  }

  private static double step(double horizon, int steps) {
    checkFinite(horizon);
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    return horizon / steps;
  }

  private static void checkFinite(double horizon) {
    if (!(horizon > 0 && horizon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "horizon must be above 0 and finite, got %s", horizon));
    }
  }
}
