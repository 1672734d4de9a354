package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Locale;

/**
 * Noise levels u_0 > u_1 > ... > u_N = 0 at which a sampler of N steps stops: step k asks the
 * network at u_k and moves to u_{k+1}. Unit-rate clock, so a level is total noise in nats; u_0 may
 * be infinite, which is the recommended start from an all-masked canvas (spec 5.3).
 */
public final class TimeGrid {
  private final double[] levels;

  private TimeGrid(double[] levels) {
    this.levels = levels;
  }

  /**
   * A grid of given levels.
   *
   * @param levels total noise, nats, strictly descending to 0, [steps + 1], at least two; copied
   * @return the grid
   */
  public static TimeGrid of(double... levels) {
    int steps = levels.length - 1;
    if (steps < 1 || levels[steps] != 0) {
      throw new IllegalArgumentException(
          "a grid needs at least two levels and ends at 0, got " + Arrays.toString(levels));
    }
    for (int k = 0; k < steps; k++) {
      if (!(levels[k] > levels[k + 1])) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "levels must descend strictly, got %s before %s at step %d",
                levels[k],
                levels[k + 1],
                k));
      }
    }
    return new TimeGrid(levels.clone());
  }

  /**
   * u_k = horizon (steps - k) / steps.
   *
   * @param horizon u_0, nats, above 0 and finite
   * @param steps at least 1
   */
  public static TimeGrid uniform(double horizon, int steps) {
    checkFinite(horizon);
    return of(horizon, steps, k -> horizon * (steps - k) / steps);
  }

  /**
   * Constant steps kappa while u is above 1, ratio 1/(1 + kappa) below, a last step from delta to
   * 0: the grid of Theorem 12 (Dmitriev, Huang, Wei, Corollary 2). The paper leaves the joint open;
   * here u becomes max(u - kappa, u/(1 + kappa)), which meets u_k - u_{k+1} = kappa min(1, u_{k+1})
   * with equality, and kappa is found by bisection. With two steps the grid is (horizon, delta, 0),
   * practically one step.
   *
   * @param horizon u_0, nats, finite, above delta; ln(d ln S / epsilon) for a target epsilon
   * @param delta the level before the last step, nats, above 0; epsilon / (d ln S)
   * @param steps at least 1
   */
  public static TimeGrid exponentialThenConstant(double horizon, double delta, int steps) {
    checkFinite(horizon);
    checkBelow("delta", delta, horizon);
    if (steps == 1) {
      return of(horizon, 0);
    }
    double kappa = kappa(horizon, delta, steps - 1);
    double[] levels = new double[checkSteps(steps) + 1];
    levels[0] = horizon;
    for (int k = 1; k < steps - 1; k++) {
      levels[k] = next(levels[k - 1], kappa);
    }
    levels[steps - 1] = delta;
    return of(levels);
  }

  /** The step size with which {@code moves} moves lead from horizon to delta. */
  private static double kappa(double horizon, double delta, int moves) {
    double low = 0;
    double high = Math.max(horizon, horizon / delta);
    for (int i = 0; i < 200; i++) {
      double middle = low + (high - low) / 2;
      double u = horizon;
      for (int k = 0; k < moves; k++) {
        u = next(u, middle);
      }
      if (u > delta) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low + (high - low) / 2;
  }

  private static double next(double u, double kappa) {
    return Math.max(u - kappa, u / (1 + kappa));
  }

  /**
   * A share k/N of the tokens is revealed after k steps: u_k = -ln(k/N), every step reveals equally
   * many tokens on average.
   *
   * @param horizon u_0, nats, above ln(steps); infinite is best
   * @param steps at least 1
   */
  public static TimeGrid alphaLinear(double horizon, int steps) {
    return of(horizon, steps, k -> -Math.log(k / (double) steps));
  }

  /**
   * A share cos(pi k / 2N) of the tokens is still masked after k steps (MaskGIT): few at first.
   *
   * @param horizon u_0, nats, above u_1; infinite is best
   * @param steps at least 1
   */
  public static TimeGrid alphaCosine(double horizon, int steps) {
    return of(
        horizon,
        steps,
        k -> {
          double masked = Math.cos(Math.PI * k / (2.0 * steps));
          double half = Math.sin(Math.PI * k / (4.0 * steps));
          return masked < 0.5 ? -Math.log1p(-masked) : -Math.log(2 * half * half);
        });
  }

  /**
   * alpha rises in equal steps: u_k = -log1p(-(1 - epsilon)(steps - k)/steps), the grid of SEDD and
   * UDLM for uniform noise, with u_N = 0.
   *
   * @param epsilon alpha at the start, in (0, 1); {@link
   *     io.github.dllm4j.engine.schedule.NoiseSchedule#DEFAULT_EPSILON} is usual
   * @param steps at least 1
   */
  public static TimeGrid logLinear(double epsilon, int steps) {
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new IllegalArgumentException("epsilon must be in (0, 1), got " + epsilon);
    }
    return of(-Math.log(epsilon), steps, k -> -Math.log1p(-(1 - epsilon) * (steps - k) / steps));
  }

  /**
   * u_k = horizon (minimum / horizon)^(k / (steps - 1)) for k below steps, then 0.
   *
   * @param horizon u_0, nats, finite
   * @param minimum the level before the last step, nats, in (0, horizon); unused with one step
   * @param steps at least 1
   */
  public static TimeGrid geometric(double horizon, double minimum, int steps) {
    checkFinite(horizon);
    checkBelow("minimum", minimum, horizon);
    return of(horizon, steps, k -> horizon * Math.pow(minimum / horizon, k / (double) (steps - 1)));
  }

  /**
   * u_k = horizon 2^-k as long as that is at least minimum, then 0: with one corrector sweep at
   * every level the error falls geometrically in the number of levels (uniform spec 8.3).
   *
   * @param horizon u_0, nats, finite
   * @param minimum nats, in (0, horizon)
   */
  public static TimeGrid halving(double horizon, double minimum) {
    checkFinite(horizon);
    checkBelow("minimum", minimum, horizon);
    int steps = 1;
    while (Math.scalb(horizon, -steps) >= minimum) {
      steps++;
    }
    return of(horizon, steps, k -> Math.scalb(horizon, -k));
  }

  private static void checkBelow(String name, double value, double horizon) {
    if (!(value > 0 && value < horizon)) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be in (0, %s), got %s", name, horizon, value));
    }
  }

  private interface Level {
    double at(int k);
  }

  private static TimeGrid of(double horizon, int steps, Level level) {
    double[] levels = new double[checkSteps(steps) + 1];
    levels[0] = horizon;
    for (int k = 1; k < steps; k++) {
      levels[k] = level.at(k);
    }
    return of(levels);
  }

  private static int checkSteps(int steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    return steps;
  }

  private static void checkFinite(double horizon) {
    if (!(horizon > 0 && horizon < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("horizon must be above 0 and finite, got " + horizon);
    }
  }

  /** Number of steps N. */
  public int steps() {
    return levels.length - 1;
  }

  /** u_k, total noise in nats. */
  public double level(int k) {
    return levels[k];
  }

  /** A copy of the levels, descending, [steps + 1]. */
  public double[] toArray() {
    return levels.clone();
  }

  @Override
  public String toString() {
    return "TimeGrid" + Arrays.toString(levels);
  }
}
