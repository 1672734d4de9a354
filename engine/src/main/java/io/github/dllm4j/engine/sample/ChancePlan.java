package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;

/**
 * Every hole is filled at step k with probability w_k, independently of the others: the tau-leaping
 * family (spec 5.2). With q_k the probability of filling a masked token at step k, w_k = q_k
 * prod_{l&lt;k} (1 - q_l), and the last step fills what is left, q = 1.
 *
 * <p>Departs from Algorithm 1 of Dmitriev, Huang, Wei in order only: the step of each hole is drawn
 * once, by inverse CDF, before the loop starts, and empty steps are skipped; the law is the same
 * because a softmax predictor is normalised (c = 1). Starts from the all-masked canvas, not from
 * the law of Theorem 12. Expected cost sum_k [1 - (1 - w_k)^holes] network evaluations.
 */
public final class ChancePlan implements ScheduledPlan {
  private final double[] weights;
  private final double[] sigmas;
  private final double[] cumulative; // W_k, cumulative[k] = w_0 + .. + w_k
  private final double[] left; // left[k] = w_k + w_{k+1} + .., summed from the end

  private ChancePlan(double[] weights, double[] sigmas) {
    this.weights = weights;
    this.sigmas = sigmas;
    cumulative = weights.clone();
    for (int k = 1; k < cumulative.length; k++) {
      cumulative[k] += cumulative[k - 1]; // in order: a parallel sum depends on the processors
    }
    left = weights.clone();
    for (int k = left.length - 2; k >= 0; k--) {
      left[k] += left[k + 1];
    }
  }

  /**
   * The plan of a tau-leaping sampler with a normalised predictor on a grid.
   *
   * @param grid where the sampler stops
   * @param kind which sampler
   * @return the plan, of as many steps as the grid
   */
  public static ChancePlan of(TimeGrid grid, TauLeaping kind) {
    double[] weights = new double[grid.steps()];
    double[] sigmas = new double[grid.steps()];
    double masked = 1;
    for (int k = 0; k < weights.length; k++) {
      sigmas[k] = grid.level(k);
      boolean last = k == weights.length - 1;
      double q = last ? 1 : kind.unmaskProbability(grid.level(k), grid.level(k + 1), 1);
      weights[k] = masked * q;
      masked *= 1 - q;
    }
    return new ChancePlan(weights, sigmas);
  }

  /**
   * The plan of given weights; each step's level is the one at which a token is masked with the
   * probability that it has not been filled yet.
   *
   * @param weights probability that a hole is filled at each step, at least 0, summing to 1 within
   *     1e-9, [steps]; copied
   * @return the plan
   */
  public static ChancePlan of(double... weights) {
    double sum = 0;
    for (double weight : weights) {
      if (!(weight >= 0)) {
        throw new IllegalArgumentException("weights must be at least 0, got " + weight);
      }
      sum += weight;
    }
    if (Math.abs(sum - 1) > 1e-9) {
      throw new IllegalArgumentException("weights must sum to 1, got " + sum);
    }
    ChancePlan plan = new ChancePlan(weights.clone(), new double[weights.length]);
    Arrays.setAll(plan.sigmas, k -> k == 0 ? Double.POSITIVE_INFINITY : -Math.log(plan.filled(k)));
    return plan;
  }

  /** Probability that a hole is filled before step k. */
  private double filled(int k) {
    return Math.min(1, cumulative[k - 1]);
  }

  @Override
  public int steps() {
    return weights.length;
  }

  @Override
  public int steps(int holes) {
    return weights.length;
  }

  /** A copy of the probabilities w_k that a hole is filled at step k, [steps]. */
  public double[] weights() {
    return weights.clone();
  }

  @Override
  public int[] revealSteps(Canvas canvas, long seed, int sample) {
    int[] steps = canvas.holes();
    Arrays.setAll(
        steps, h -> step(KeyedRandom.uniform(seed, sample, 0, steps[h], Purpose.REVEAL_STEP)));
    return steps;
  }

  /** Inverse CDF; a step of weight 0 is never drawn. */
  private int step(double uniform) {
    double threshold = uniform * cumulative[weights.length - 1];
    int last = 0;
    for (int k = 0; k < weights.length; k++) {
      if (weights[k] > 0) {
        last = k;
        if (cumulative[k] > threshold) {
          break;
        }
      }
    }
    return last;
  }

  @Override
  public double[] sigmas(Canvas canvas, long seed, int sample) {
    return sigmas.clone();
  }

  @Override
  public double chance(int step, int chosen, int masked) {
    double q = left[step] == 0 ? 0 : weights[step] / left[step];
    return Math.pow(q, chosen) * Math.pow(1 - q, masked - chosen);
  }

  @Override
  public double expectedEvaluations(int holes) {
    if (holes == 0) {
      return 0;
    }
    double expected = 0;
    for (double weight : weights) {
      expected -= Math.expm1(holes * Math.log1p(-Math.min(1, weight)));
    }
    return expected;
  }

  @Override
  public String toString() {
    return "ChancePlan" + Arrays.toString(weights);
  }
}
