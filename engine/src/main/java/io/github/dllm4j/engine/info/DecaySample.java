package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * What single examples say about how uniform noise forgets their law ({@link InformationDecay}):
 * left(0) = KL(data || uniform) and the rate phi at some levels. The cost of a grid is linear in
 * the rates, so its standard error comes from computing it per example, as for curves ({@link
 * CurveSample}).
 *
 * <p>Between levels e^sigma phi is a straight line in ln sigma, below the lowest it stays as it is
 * there: phi grows at most like -ln sigma towards 0, so a nat of it is left out for each thousand
 * tokens. {@link #smoothed} does not let e^sigma phi rise, so that phi does not rise either. Holds
 * examples times levels doubles.
 */
public final class DecaySample {
  /** Points of the integral over the levels, evenly in the logarithm. */
  private static final int PARTS = 4000;

  private final double[] levels; // ascending
  private final double[] left; // [examples]
  private final double[][] rates; // [examples][levels]

  private DecaySample(double[] levels, double[] left, double[][] rates) {
    this.levels = levels;
    this.left = left;
    this.rates = rates;
  }

  /**
   * A sample.
   *
   * @param levels total noise, nats, strictly ascending, above 0 and finite; copied
   * @param left d ln S + ln p(x) of each example, nats, finite, [n], n at least 2; with a model's
   *     bound on -ln p the mean is a lower bound of KL(data || uniform); copied
   * @param rates phi at the levels of each example, nats, finite, [n][levels]; copied
   */
  public static DecaySample of(double[] levels, double[] left, List<double[]> rates) {
    double before = 0;
    for (double level : levels) {
      if (!(level > before && level < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "levels must ascend strictly above 0 and be finite, got " + Arrays.toString(levels));
      }
      before = level;
    }
    if (levels.length == 0 || left.length < 2 || rates.size() != left.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a standard error needs a level and two examples with rates, got %d levels, %d"
                  + " examples and %d rates",
              levels.length,
              left.length,
              rates.size()));
    }
    double[][] copy = new double[left.length][];
    for (int e = 0; e < copy.length; e++) {
      copy[e] = rates.get(e).clone();
      double sum = left[e] + Arrays.stream(copy[e]).sum();
      if (copy[e].length != levels.length || Double.isNaN(sum) || Double.isInfinite(sum)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "example %d needs %d finite rates, got %s and left %s",
                e,
                levels.length,
                Arrays.toString(copy[e]),
                left[e]));
      }
    }
    return new DecaySample(levels.clone(), left.clone(), copy);
  }

  /** A copy of the levels, nats, ascending. */
  public double[] levels() {
    return levels.clone();
  }

  /** A copy of KL(data || uniform) as each example says, nats, [examples]. */
  public double[] lefts() {
    return left.clone();
  }

  /** A copy of the rates, nats, [examples][levels]. */
  public List<double[]> rates() {
    return Arrays.stream(rates).map(double[]::clone).toList();
  }

  /** Number of examples. */
  public int examples() {
    return left.length;
  }

  /** KL(data || uniform), nats. */
  public Estimate left() {
    return Estimate.of(left);
  }

  /** phi at one of the levels, raw. */
  public Estimate rate(int level) {
    return Estimate.of(Arrays.stream(rates).mapToDouble(r -> r[level]).toArray());
  }

  /** Every second example, from the first or from the second; at least four are needed. */
  public DecaySample half(boolean first) {
    if (left.length < 4) {
      throw new IllegalStateException("two halves need at least four examples, got " + left.length);
    }
    int[] some = IntStream.range(0, left.length).filter(e -> e % 2 == (first ? 0 : 1)).toArray();
    return new DecaySample(
        levels,
        Arrays.stream(some).mapToDouble(e -> left[e]).toArray(),
        Arrays.stream(some).mapToObj(e -> rates[e]).toArray(double[][]::new));
  }

  /**
   * The path KL of a grid ({@link ReverseCost#pathKl}), raw, from the rates alone: the mean over
   * examples of the integral of phi up to the highest level s minus sum_k h_k phi(s_k). That is
   * left(0) - left(s) - sum_k h_k phi(s_k), so left(s), at most e^-s left(0), is missing; {@link
   * #left} is not used, because a model's bound on the entropy makes it too low by more than good
   * grids cost. Of learned rates the bias has no sign. A grid that begins lower pays for what the
   * uniform law, from which it begins, does not know there.
   *
   * @param grid not above the highest level
   */
  public Estimate pathKl(TimeGrid grid) {
    double[] weights = integral(levels[levels.length - 1]);
    for (int k = 0; k < grid.steps(); k++) {
      double sigma = grid.level(k);
      double step = sigma - grid.level(k + 1);
      double[] share = shares(sigma);
      for (int n = 0; n < weights.length; n++) {
        weights[n] -= step * share[n];
      }
    }
    double[] costs = new double[left.length];
    Arrays.setAll(
        costs,
        e -> IntStream.range(0, weights.length).mapToDouble(n -> weights[n] * rates[e][n]).sum());
    return Estimate.of(costs);
  }

  /** By which weights the rates make the integral of phi from 0 to sigma: midpoints in ln sigma. */
  private double[] integral(double sigma) {
    double[] weights = new double[levels.length];
    double low = Math.min(levels[0], sigma);
    weights[0] = low * Math.exp(levels[0] - low / 2);
    double ratio = Math.pow(sigma / low, 1.0 / PARTS);
    for (int i = 0; i < PARTS && sigma > low; i++) {
      double from = low * Math.pow(ratio, i);
      double[] share = shares(from * Math.sqrt(ratio));
      for (int n = 0; n < weights.length; n++) {
        weights[n] += from * (ratio - 1) * share[n];
      }
    }
    return weights;
  }

  /** phi for planning only: the weighted fit to the means under the law's monotonicity. */
  public DoubleUnaryOperator smoothed() {
    int count = levels.length;
    double[] scaled = new double[count];
    double[] weights = new double[count];
    for (int n = 0; n < count; n++) {
      Estimate rate = rate(n);
      double error = Math.exp(levels[n]) * rate.standardError();
      scaled[n] = Math.exp(levels[n]) * rate.mean();
      weights[n] = error > 0 ? 1 / (error * error) : 1e12;
    }
    double[] fitted = IsotonicRegression.nonIncreasing(scaled, weights);
    double[] rate = new double[count];
    Arrays.setAll(rate, n -> Math.max(0, fitted[n]) * Math.exp(-levels[n]));
    return sigma -> {
      double[] share = shares(sigma);
      return IntStream.range(0, count).mapToDouble(n -> share[n] * rate[n]).sum();
    };
  }

  /** By which weights the rates at the levels make the rate at sigma. */
  private double[] shares(double sigma) {
    int last = levels.length - 1;
    if (!(sigma > 0 && sigma <= levels[last] * (1 + 1e-9))) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "sigma must be in (0, %s], got %s", levels[last], sigma));
    }
    double[] shares = new double[levels.length];
    int above = Arrays.binarySearch(levels, sigma);
    above = Math.min(last, above >= 0 ? above : -above - 1);
    if (above == 0 || sigma >= levels[above]) {
      shares[above] = Math.exp(levels[above] - sigma);
      return shares;
    }
    double part = Math.log(sigma / levels[above - 1]) / Math.log(levels[above] / levels[above - 1]);
    shares[above - 1] = (1 - part) * Math.exp(levels[above - 1] - sigma);
    shares[above] = part * Math.exp(levels[above] - sigma);
    return shares;
  }
}
