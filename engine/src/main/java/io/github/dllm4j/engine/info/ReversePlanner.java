package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * Chooses grids of uniform noise on one half of the examples and prices them on the other, as
 * {@link CurvePlanner} does for masking; an exact decay does both. Grids are the best over {@value
 * #CANDIDATES} levels from the horizon down to {@value #LOWEST} nats, evenly in the logarithm
 * ({@link ReverseGridPlanner}).
 */
public final class ReversePlanner {
  /** How many levels grids are chosen from; no grid has more steps. */
  public static final int CANDIDATES = 240;

  /** The lowest of them, nats. */
  public static final double LOWEST = 1e-3;

  private final double[] levels; // descending
  private final double[] rates; // phi there
  private final Optional<InformationDecay> exact;
  private final Optional<DecaySample> pricing;

  private ReversePlanner(
      double horizon,
      DoubleUnaryOperator rate,
      Optional<InformationDecay> exact,
      Optional<DecaySample> pricing) {
    levels = Arrays.copyOf(TimeGrid.geometric(horizon, LOWEST, CANDIDATES).toArray(), CANDIDATES);
    rates = Arrays.stream(levels).map(rate).toArray();
    this.exact = exact;
    this.pricing = pricing;
  }

  /**
   * A planner on the exact decay of a law.
   *
   * @param horizon first level of every grid, nats, above {@link #LOWEST}
   */
  public static ReversePlanner of(InformationDecay exact, double horizon) {
    return new ReversePlanner(horizon, exact::rate, Optional.of(exact), Optional.empty());
  }

  /**
   * A planner on measured examples, whose highest level is the horizon. Fewer than four cannot be
   * split: they choose and pay, so that their price is optimistic.
   */
  public static ReversePlanner of(DecaySample sample) {
    boolean split = sample.examples() >= 4;
    double[] measured = sample.levels();
    return new ReversePlanner(
        measured[measured.length - 1],
        (split ? sample.half(true) : sample).smoothed(),
        Optional.empty(),
        Optional.of(split ? sample.half(false) : sample));
  }

  /** A copy of the levels that grids are chosen from, nats, descending. */
  public double[] levels() {
    return levels.clone();
  }

  /** A copy of phi at these levels as the planner sees it, nats. */
  public double[] rates() {
    return rates.clone();
  }

  /**
   * The grid of least path KL.
   *
   * @param steps 1 to {@link #CANDIDATES}
   */
  public TimeGrid forSteps(int steps) {
    return ReverseGridPlanner.forSteps(levels, rates, steps);
  }

  /**
   * The fewest steps whose price is within a budget.
   *
   * @param budget nats, at least 0
   * @throws IllegalArgumentException if no grid over the candidates is within it
   */
  public TimeGrid forBudget(double budget) {
    int low = 1;
    int high = CANDIDATES;
    double least = pathKl(forSteps(high)).mean();
    if (!(budget >= 0 && least <= budget)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "budget must be at least what %d steps leave, %s nats, got %s",
              CANDIDATES,
              least,
              budget));
    }
    while (low < high) {
      int middle = (low + high) / 2;
      if (pathKl(forSteps(middle)).mean() <= budget) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return forSteps(low);
  }

  /**
   * The path KL of a grid, nats, with its standard error, 0 of an exact decay.
   *
   * @param grid of measured examples not above the horizon
   */
  public Estimate pathKl(TimeGrid grid) {
    return pricing
        .map(sample -> sample.pathKl(grid))
        .orElseGet(() -> new Estimate(ReverseCost.pathKl(exact.orElseThrow(), grid), 0, 0));
  }
}
