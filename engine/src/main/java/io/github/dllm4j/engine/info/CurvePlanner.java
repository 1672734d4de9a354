package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Chooses plans on measured curves and says what they cost without being taken in by its own
 * choice: the minimum of a noisy cost is optimistic (spec 8: predicted 0.229, true 0.255, optimum
 * 0.249). One half of the examples chooses, the other half pays: the price of a plan of so many
 * steps is a mean over examples that had no part in choosing it, so it has no bias and its standard
 * error is that of a fixed plan. Where a budget decides, the paying half says how many steps are
 * enough: prices near the budget are then a little too low. An exact curve chooses and pays.
 *
 * <p>Of a model's measured curves those that choose are others than those that pay: its entropies
 * vary far less than its log-losses, but only these say without bias what a plan costs ({@link
 * CurveStudy#choosing}). The choosing half speaks through a curve with no more bends than it proves
 * ({@link SmoothCurve}). Where a like curve is known before, the price is the larger of what both
 * say: a few examples may miss what tokens have in common, and the known curve what this text has.
 * Fewer than {@value #LEAST_EXAMPLES} examples are not split: they choose balanced sizes, or the
 * prior curve's, and all pay. Safe for several threads.
 */
public final class CurvePlanner {
  private static final int LEAST_EXAMPLES = 4;

  private final StepPlanner planner;
  private final Optional<CurveSample> paying; // empty: the curve is exact
  private final InformationCurve prices;
  private final Optional<InformationCurve> prior;

  private CurvePlanner(
      InformationCurve choosing, Optional<CurveSample> paying, Optional<InformationCurve> prior) {
    this.planner = new StepPlanner(choosing);
    this.paying = paying;
    this.prices = paying.map(CurveSample::curve).orElse(choosing);
    this.prior = prior;
  }

  /** A planner on the exact curve of a law. */
  public static CurvePlanner of(InformationCurve exact) {
    return new CurvePlanner(exact, Optional.empty(), Optional.empty());
  }

  /** A planner on measured curves that choose and pay. */
  public static CurvePlanner of(CurveSample sample) {
    return of(sample, sample, Optional.empty());
  }

  /**
   * The same where a like curve is known: few examples then only tilt it, and no plan is cheaper
   * than it says.
   *
   * @param prior of the same length
   */
  public static CurvePlanner of(CurveSample sample, InformationCurve prior) {
    if (prior.length() != sample.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the prior curve must be of %d tokens, got %d",
              sample.length(),
              prior.length()));
    }
    return of(sample, sample, Optional.of(prior));
  }

  /** A planner on what a study of a model measured. */
  public static CurvePlanner of(CurveStudy study) {
    return of(study.choosing(), study.crossEntropy(), Optional.empty());
  }

  private static CurvePlanner of(
      CurveSample choosing, CurveSample paying, Optional<InformationCurve> prior) {
    if (choosing.examples() < LEAST_EXAMPLES) {
      InformationCurve line = SmoothCurve.of(choosing, prior, Double.POSITIVE_INFINITY);
      return new CurvePlanner(line, Optional.of(paying), prior);
    }
    return new CurvePlanner(
        SmoothCurve.of(choosing.without(1, 2), prior), Optional.of(paying.without(0, 2)), prior);
  }

  /** The curve that chooses; it does not increase. */
  public InformationCurve curve() {
    return planner.curve();
  }

  /** The smooth approximation of the least cost on that curve, nats. */
  public double smoothCost(int steps) {
    return planner.smoothCost(steps);
  }

  /**
   * The plan of so many steps.
   *
   * @param steps at least 1; more than the curve has tokens counts as that many
   */
  public SizePlan forSteps(int steps) {
    return planner.forSteps(steps);
  }

  /**
   * The fewest steps whose price is within a budget, as the half that pays sees it. One token per
   * step costs 0.
   *
   * @param budget nats, at least 0
   */
  public SizePlan forBudget(double budget) {
    if (!(budget >= 0)) {
      throw new IllegalArgumentException("budget must be at least 0 nats, got " + budget);
    }
    int steps = 1;
    while (steps < curve().length() && cost(forSteps(steps)).orElseThrow() > budget) {
      steps++;
    }
    return forSteps(steps);
  }

  /**
   * Conditional KL of a plan, nats (K1, K2), with its standard error, 0 on an exact curve.
   *
   * @return empty for plans that look at values, which no curve can price
   */
  public Optional<Estimate> price(RevealPlan plan) {
    OptionalDouble mean = cost(plan);
    if (mean.isEmpty()) {
      return Optional.empty();
    }
    double error =
        paying
            .map(p -> p.estimate(c -> cost(InformationCurve.exact(c), plan).orElseThrow()))
            .map(Estimate::standardError)
            .orElse(0.0);
    int count = paying.map(CurveSample::examples).orElse(0);
    return Optional.of(new Estimate(mean.getAsDouble(), error, count));
  }

  /** The same without its error, for searching. */
  public OptionalDouble cost(RevealPlan plan) {
    OptionalDouble own = cost(prices, plan);
    return own.isPresent() && prior.isPresent()
        ? OptionalDouble.of(Math.max(own.getAsDouble(), cost(prior.get(), plan).getAsDouble()))
        : own;
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
