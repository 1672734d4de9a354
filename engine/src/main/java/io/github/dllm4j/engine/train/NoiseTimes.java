package io.github.dllm4j.engine.train;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;

/**
 * The times at which uniform noise is trained and evaluated: t in [first, 1] of the log-linear
 * schedule with epsilon 1e-3, drawn with density
 *
 * <pre>
 * g(t) = (1/2) / (1 - first) + (1/2) / (t ln(1 / first))
 * </pre>
 *
 * <p>and weighted by 1 / g(t). Near t = 0 few tokens are noisy, but each costs about 1/t: with a
 * uniform density the second moment of an example's loss grows like ln(1 / first), as for Bernoulli
 * masks; drawing a share of the times like 1/t bounds it (uniform-diffusion spec 4, "Estimator").
 * What lies below {@code first} is the reconstruction term of the bound.
 */
public final class NoiseTimes {
  /** The schedule: alpha = 1 - (1 - 1e-3) t. */
  public static final NoiseSchedule SCHEDULE = NoiseSchedule.logLinear(1e-3);

  /** The earliest time. */
  public static final double FIRST = 1e-3;

  private static final double LOG = -Math.log(FIRST);

  private NoiseTimes() {}

  /**
   * The time whose share of the density's mass below it is u, by bisection to the last bit.
   *
   * @param u in [0, 1)
   * @return t in [first, 1]
   */
  public static double at(double u) {
    double low = FIRST;
    double high = 1;
    while (true) {
      double middle = 0.5 * (low + high);
      if (middle <= low || middle >= high) {
        return low;
      }
      double below = 0.5 * (middle - FIRST) / (1 - FIRST) + 0.5 * (Math.log(middle) + LOG) / LOG;
      if (below <= u) {
        low = middle;
      } else {
        high = middle;
      }
    }
  }

  /**
   * sigma'(t) / g(t): what a loss per nat of noise at a time drawn here counts.
   *
   * @param level of the schedule at the time
   */
  public static double weight(NoiseLevel level) {
    double density = 0.5 / (1 - FIRST) + 0.5 / (level.t() * LOG);
    return level.sigmaRate() / density;
  }
}
