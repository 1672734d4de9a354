package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntToDoubleFunction;

/**
 * Step k fills s_k holes, chosen uniformly at random: the mask-predictor sampler of Li and Cai
 * (arXiv 2505.21400) and of Chen, Cong, Li, in sampling order, s_1 first (Li and Cai count from the
 * other end). One random permutation per sample, whose next s_k entries are filled (spec 5.5); one
 * permutation shared by a batch would forfeit the gain of averaging over orders.
 *
 * <p>Rounding of the size rules is spec 5.4. Cost of a plan: one network evaluation per entry.
 */
public final class SizePlan implements ScheduledPlan {
  private final int[] sizes;
  private final int total;
  private final boolean hittingTimes;

  private SizePlan(int[] sizes, boolean hittingTimes) {
    this.sizes = sizes;
    this.total = Arrays.stream(sizes).sum();
    this.hittingTimes = hittingTimes;
  }

  /**
   * A plan of given sizes.
   *
   * @param sizes holes filled at each step, not negative, first step first, an int together; zeros
   *     are dropped
   * @return the plan
   */
  public static SizePlan of(int... sizes) {
    for (int size : sizes) {
      if (size < 0) {
        throw new IllegalArgumentException("sizes must be at least 0, got " + size);
      }
    }
    long total = Arrays.stream(sizes).asLongStream().sum();
    if (total > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "sizes must sum to at most %d, got %d", Integer.MAX_VALUE, total));
    }
    return new SizePlan(Arrays.stream(sizes).filter(s -> s > 0).toArray(), false);
  }

  /** Equal sizes, what is left over one each to the first steps (LLaDA). */
  public static SizePlan balanced(int holes, int steps) {
    int n = cap(holes, steps);
    int[] sizes = new int[n];
    Arrays.setAll(sizes, k -> holes / n + (k < holes % n ? 1 : 0));
    return of(sizes);
  }

  /** Equal sizes, what is left over one each to the last steps. */
  public static SizePlan balancedLate(int holes, int steps) {
    int n = cap(holes, steps);
    int[] sizes = new int[n];
    Arrays.setAll(sizes, k -> holes / n + (n - 1 - k < holes % n ? 1 : 0));
    return of(sizes);
  }

  /** Sizes in proportion to cos(pi k/2N) - cos(pi (k+1)/2N): few at first (MaskGIT). */
  public static SizePlan cosine(int holes, int steps) {
    int n = cap(holes, steps);
    return weighted(
        holes, n, k -> Math.cos(Math.PI * k / (2.0 * n)) - Math.cos(Math.PI * (k + 1) / (2.0 * n)));
  }

  /**
   * Sizes in proportion to ratio^k.
   *
   * @param ratio above 0; above 1 means few at first
   */
  public static SizePlan geometric(int holes, int steps, double ratio) {
    if (!(ratio > 0 && ratio < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("ratio must be above 0, got " + ratio);
    }
    // Relative to the largest weight, so that it does not overflow.
    int n = cap(holes, steps);
    int largest = ratio > 1 ? n - 1 : 0;
    return weighted(holes, n, k -> Math.pow(ratio, k - largest));
  }

  /** All but N - 1 at the first step, then one each. */
  public static SizePlan front(int holes, int steps) {
    int n = cap(holes, steps);
    int[] sizes = new int[n];
    Arrays.setAll(sizes, k -> k == 0 ? holes - n + 1 : 1);
    return of(sizes);
  }

  /** One each, then what is left at the last step. */
  public static SizePlan back(int holes, int steps) {
    int n = cap(holes, steps);
    int[] sizes = new int[n];
    Arrays.setAll(sizes, k -> k == n - 1 ? holes - n + 1 : 1);
    return of(sizes);
  }

  /**
   * One hole per step, with the noise levels of the first-hitting sampler (Zheng et al., arXiv
   * 2409.02908): with m holes left at mask probability M the next is filled at M U^(1/m). In law
   * the same as {@code balanced(holes, holes)}; only a network with time input sees a difference.
   */
  public static SizePlan firstHitting(int holes) {
    int[] ones = new int[checkHoles(holes)];
    Arrays.fill(ones, 1);
    return new SizePlan(ones, true);
  }

  private static SizePlan weighted(int holes, int steps, IntToDoubleFunction weight) {
    double[] weights = new double[steps];
    Arrays.setAll(weights, weight);
    return of(LargestRemainder.sizes(holes, weights));
  }

  private static int cap(int holes, int steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    return Math.min(checkHoles(holes), steps);
  }

  private static int checkHoles(int holes) {
    if (holes < 0) {
      throw new IllegalArgumentException("holes must be at least 0, got " + holes);
    }
    return holes;
  }

  @Override
  public int steps() {
    return sizes.length;
  }

  @Override
  public int steps(int holes) {
    checkHoleCount(holes);
    return sizes.length;
  }

  /** Number of holes the plan fills. */
  public int holes() {
    return total;
  }

  /** A copy of the sizes, first step first, [steps]. */
  public int[] sizes() {
    return sizes.clone();
  }

  @Override
  public int[] revealSteps(Canvas canvas, long seed, int sample) {
    checkHoleCount(canvas.holeCount());
    int[] order = KeyedRandom.permutation(total, seed, sample, 0, Purpose.REVEAL_ORDER);
    int[] steps = new int[total];
    int next = 0;
    for (int k = 0; k < sizes.length; k++) {
      for (int s = 0; s < sizes[k]; s++) {
        steps[order[next++]] = k;
      }
    }
    return steps;
  }

  /** From the share of the whole canvas that is masked, or the hitting times. */
  @Override
  public double[] sigmas(Canvas canvas, long seed, int sample) {
    checkHoleCount(canvas.holeCount());
    double[] sigmas = new double[sizes.length];
    double masked = 1;
    int left = total;
    for (int k = 0; k < sizes.length; k++) {
      if (hittingTimes) {
        masked = hit(masked, left, KeyedRandom.uniform(seed, sample, k, 0, Purpose.REVEAL_STEP));
      } else {
        masked = left / (double) canvas.length();
      }
      sigmas[k] = -Math.log1p(-masked);
      left -= sizes[k];
    }
    return sigmas;
  }

  /** The next mask probability at which one of {@code left} holes is filled. */
  static double hit(double masked, int left, double uniform) {
    return masked * Math.pow(uniform, 1.0 / left);
  }

  private void checkHoleCount(int holes) {
    if (holes != total) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "a plan for %d holes cannot fill a canvas of %d", total, holes));
    }
  }

  @Override
  public double chance(int step, int chosen, int masked) {
    if (chosen != sizes[step]) {
      return 0;
    }
    double sets = 1; // masked over chosen, exact while below 2^53
    for (int i = 1; i <= chosen; i++) {
      sets = sets * (masked - chosen + i) / i;
    }
    return 1 / sets;
  }

  @Override
  public double expectedEvaluations(int holes) {
    return sizes.length;
  }

  @Override
  public String toString() {
    return (hittingTimes ? "FirstHitting" : "SizePlan") + Arrays.toString(sizes);
  }
}
