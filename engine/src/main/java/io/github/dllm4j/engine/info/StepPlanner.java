package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The sizes that cost least for a number of steps, and the fewest steps for a budget (spec 9, 10).
 *
 * <p>A block that starts with a revealed holes and ends with b costs (b-a) h(a) -
 * sum_{a&lt;=j&lt;b} h(j); best[n][b] = min over a of best[n-1][a] + cost(a, b). On a curve that
 * does not increase the cost is Monge, so each layer is found by divide and conquer in O(d log d);
 * otherwise plainly in O(d^2). Layers are computed when they are asked for. The costs that are
 * reported are computed again from the sizes without cancellation ({@link SamplingCost}).
 *
 * <p>The plan is for the curve that it is given: on a noisy curve the minimum is optimistic, which
 * {@link CurvePlanner} takes care of. Safe for several threads.
 *
 * <p>Memory: 4 (d + 1) bytes for each layer, kept as long as the planner: 67 MB for all of 4096
 * tokens.
 */
public final class StepPlanner {
  private static final double ROUNDING = 1e-12;

  private final InformationCurve curve;
  private final boolean monge;
  private final double[] prefix; // prefix[b] = h(0) + .. + h(b-1), [d + 1]
  private final List<int[]> starts = new ArrayList<>(); // starts[n-1][b], where block n begins
  private double[] best; // cost of the last layer, [d + 1]

  /** A planner for a curve. */
  public StepPlanner(InformationCurve curve) {
    this.curve = curve;
    monge = curve.isNonIncreasing();
    int d = curve.length();
    prefix = new double[d + 1];
    for (int j = 0; j < d; j++) {
      prefix[j + 1] = prefix[j] + curve.at(j);
    }
    best = new double[d + 1];
    Arrays.fill(best, 1, d + 1, Double.POSITIVE_INFINITY);
  }

  /** The curve. */
  public InformationCurve curve() {
    return curve;
  }

  /**
   * The plan of least conditional KL; where balanced sizes cost nothing but rounding, these.
   *
   * @param steps number of steps, at least 1; more than the curve has tokens counts as that many
   * @return the plan
   */
  public synchronized SizePlan forSteps(int steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    int n = Math.min(steps, curve.length());
    while (starts.size() < n) {
      addLayer();
    }
    int[] sizes = new int[n];
    int end = curve.length();
    for (int block = n; block >= 1; block--) {
      int start = starts.get(block - 1)[end];
      sizes[block - 1] = end - start;
      end = start;
    }
    SizePlan least = SizePlan.of(sizes);
    SizePlan balanced = SizePlan.balanced(curve.length(), n);
    return isFree(least) && isFree(balanced) ? balanced : least;
  }

  private boolean isFree(SizePlan plan) {
    double rounding = ROUNDING * curve.length() * curve.at(0);
    return Math.abs(SamplingCost.conditionalKl(curve, plan)) <= rounding;
  }

  /**
   * The plan of fewest steps whose conditional KL is within a budget; one token per step costs 0,
   * so there always is one.
   *
   * @param budget nats, at least 0; for a learned predictor net of its training error
   * @return the plan
   */
  public SizePlan forBudget(double budget) {
    if (!(budget >= 0)) {
      throw new IllegalArgumentException("budget must be at least 0 nats, got " + budget);
    }
    int steps = 1;
    SizePlan plan = forSteps(steps);
    while (steps < curve.length() && SamplingCost.conditionalKl(curve, plan) > budget) {
      plan = forSteps(++steps);
    }
    return plan;
  }

  /**
   * The smooth approximation of the least cost, nats: A^2 / 2N - (h(0) - h(d-1)) / 2 with A = sum_j
   * sqrt(Delta_j), at least 0. Good for smooth curves, useless for steps.
   */
  public double smoothCost(int steps) {
    double root = 0;
    for (int j = 0; j < curve.length() - 1; j++) {
      root += Math.sqrt(Math.max(0, curve.drop(j)));
    }
    double span = curve.at(0) - curve.at(curve.length() - 1);
    return Math.max(0, root * root / (2.0 * steps) - span / 2);
  }

  private double cost(int start, int end) {
    return (end - start) * curve.at(start) - (prefix[end] - prefix[start]);
  }

  private void addLayer() {
    int n = starts.size() + 1;
    int d = curve.length();
    double[] layer = new double[d + 1];
    Arrays.fill(layer, Double.POSITIVE_INFINITY);
    int[] from = new int[d + 1];
    if (monge) {
      conquer(layer, from, n, d, n - 1, d - 1);
    } else {
      for (int end = n; end <= d; end++) {
        solve(layer, from, end, n - 1, end - 1);
      }
    }
    best = layer;
    starts.add(from);
  }

  /** Ends low..high, whose best starts are in lowStart..highStart. */
  private void conquer(double[] layer, int[] from, int low, int high, int lowStart, int highStart) {
    if (low > high) {
      return;
    }
    int middle = (low + high) >>> 1;
    solve(layer, from, middle, lowStart, Math.min(highStart, middle - 1));
    conquer(layer, from, low, middle - 1, lowStart, from[middle]);
    conquer(layer, from, middle + 1, high, from[middle], highStart);
  }

  private void solve(double[] layer, int[] from, int end, int lowStart, int highStart) {
    for (int start = lowStart; start <= highStart; start++) {
      double total = best[start] + cost(start, end);
      if (total < layer[end]) {
        layer[end] = total;
        from[end] = start;
      }
    }
  }
}
