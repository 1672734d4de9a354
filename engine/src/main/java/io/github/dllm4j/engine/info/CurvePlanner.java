package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Chooses plans on one curve and prices them on another. The minimum of a noisy cost is optimistic
 * (spec 8: predicted 0.229, true 0.255, optimum 0.249), so of measured curves one half of the
 * examples chooses, smoothed to not increase and without the steps that smoothing makes (a plan
 * would put large blocks between them, which really cost much), and the other half says what the
 * choice costs, raw and with its standard error. An exact curve does both.
 */
public final class CurvePlanner {
  private final InformationCurve choosing;
  private final StepPlanner planner;
  private final InformationCurve paying;
  private final Optional<CurveSample> pricing; // empty: the exact curve prices itself

  private CurvePlanner(InformationCurve choosing, Optional<CurveSample> pricing) {
    this.choosing = choosing;
    this.planner = new StepPlanner(choosing);
    this.pricing = pricing;
    this.paying = pricing.map(CurveSample::curve).orElse(choosing);
  }

  /** A planner on the exact curve of a law. */
  public static CurvePlanner of(InformationCurve exact) {
    return new CurvePlanner(exact, Optional.empty());
  }

  /**
   * A planner on measured curves. Fewer than four examples cannot be split: they choose and pay, so
   * that their price is optimistic.
   */
  public static CurvePlanner of(CurveSample sample) {
    if (sample.examples() < 4) {
      return new CurvePlanner(smooth(sample), Optional.of(sample));
    }
    return new CurvePlanner(smooth(sample.half(true)), Optional.of(sample.half(false)));
  }

  private static InformationCurve smooth(CurveSample sample) {
    InformationCurve curve = sample.curve();
    double[] errors = curve.standardErrors();
    int[] at = sample.nodes().at();
    double[] places = Arrays.stream(at).asDoubleStream().toArray();
    double[] values = Arrays.stream(at).mapToDouble(curve::at).toArray();
    double[] weights =
        Arrays.stream(at)
            .mapToDouble(j -> errors[j] > 0 ? 1 / (errors[j] * errors[j]) : 1e12)
            .toArray();
    return InformationCurve.exact(
        sample.nodes().interpolate(IsotonicRegression.withoutSteps(places, values, weights)));
  }

  /** The curve that chooses; it does not increase. */
  public InformationCurve curve() {
    return choosing;
  }

  /** The best sizes on that curve. */
  public StepPlanner steps() {
    return planner;
  }

  /**
   * The fewest steps whose price is within a budget: sizes chosen on one half, their number by what
   * they cost on the other, so that what is reported keeps the budget. One token per step costs 0.
   *
   * @param budget nats, at least 0
   */
  public SizePlan forBudget(double budget) {
    if (!(budget >= 0)) {
      throw new IllegalArgumentException("budget must be at least 0 nats, got " + budget);
    }
    int low = 1;
    int high = choosing.length();
    while (low < high) {
      int middle = (low + high) / 2;
      if (SamplingCost.conditionalKl(paying, planner.forSteps(middle)) <= budget) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return planner.forSteps(low);
  }

  /**
   * Conditional KL of a plan, nats (K1, K2), with its standard error, 0 on an exact curve.
   *
   * @return empty for plans that look at values, which no curve can price
   */
  public Optional<Estimate> price(RevealPlan plan) {
    if (cost(choosing, plan).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        pricing
            .map(s -> s.estimate(c -> cost(InformationCurve.exact(c), plan).getAsDouble()))
            .orElseGet(() -> new Estimate(cost(choosing, plan).getAsDouble(), 0, 0)));
  }

  /** The same without its error, for searching. */
  public OptionalDouble cost(RevealPlan plan) {
    return cost(paying, plan);
  }

  /** A plan's conditional KL on a curve, nats; empty for plans that look at values. */
  public static OptionalDouble cost(InformationCurve curve, RevealPlan plan) {
    if (plan instanceof SizePlan sizes) {
      return OptionalDouble.of(SamplingCost.conditionalKl(curve, sizes));
    } else if (plan instanceof ChancePlan chances) {
      return OptionalDouble.of(SamplingCost.conditionalKl(curve, chances));
    }
    return OptionalDouble.empty();
  }
}
