package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Chooses plans on measured curves and says what they cost without being taken in by its own
 * choice: the minimum of a noisy cost is optimistic (spec 8: predicted 0.229, true 0.255, optimum
 * 0.249). An exact curve chooses and pays.
 *
 * <p>Of measured curves those that <em>choose</em> may be others than those that <em>pay</em>: a
 * model's entropies vary far less than its log-losses, but only these say without bias what a plan
 * costs ({@link CurveStudy#choosing}). All examples choose, on a curve with no more bends than they
 * prove ({@link SmoothCurve}). The price of what was chosen is cross-fitted: each of {@value
 * SmoothCurve#FOLDS} folds of examples pays for the plan that the others, going through the same
 * choice, take. So it is the price of choosing from a few examples less, hardly above that of the
 * plan itself. Any other plan is paid by all examples. Where balanced, cosine or geometric sizes
 * are cheaper for the choosing examples than the cross-fitted choice, by more than {@value #SURE}
 * standard errors of the paired difference, they are taken instead. Not thread-safe.
 */
public final class CurvePlanner {
  private static final double RATIO = 0.9;
  private static final double SURE = 2;

  private final StepPlanner planner;
  private final Optional<Measured> measured; // empty: the curve is exact

  /** What was measured. */
  private static final class Measured {
    private final CurveSample choosing;
    private final CurveSample paying;
    private final Optional<InformationCurve> prior;
    private final InformationCurve mean;
    private List<StepPlanner> others = List.of(); // made when first asked

    /**
     * Curves of the same examples.
     *
     * @param choosing those that choose
     * @param paying those that pay
     */
    Measured(CurveSample choosing, CurveSample paying, Optional<InformationCurve> prior) {
      this.choosing = choosing;
      this.paying = paying;
      this.prior = prior;
      mean = paying.curve();
    }

    /** For each fold a planner that has not seen its examples; most of the work of planning. */
    private List<StepPlanner> others() {
      if (others.isEmpty()) {
        int folds = Math.min(SmoothCurve.FOLDS, choosing.examples());
        others =
            IntStream.range(0, folds)
                .mapToObj(f -> new StepPlanner(SmoothCurve.of(choosing.without(f, folds), prior)))
                .toList();
      }
      return others;
    }

    /** What each example of a sample pays for the plan that the others choose, nats. */
    double[] crossFitted(CurveSample sample, int steps) {
      List<StepPlanner> unseen = others();
      double[] costs = new double[sample.examples()];
      for (int e = 0; e < costs.length; e++) {
        costs[e] = sample.cost(e, unseen.get(e % unseen.size()).forSteps(steps));
      }
      return costs;
    }
  }

  private CurvePlanner(InformationCurve curve, Optional<Measured> measured) {
    this.planner = new StepPlanner(curve);
    this.measured = measured;
  }

  /** A planner on the exact curve of a law. */
  public static CurvePlanner of(InformationCurve exact) {
    return new CurvePlanner(exact, Optional.empty());
  }

  /** A planner on measured curves that choose and pay. */
  public static CurvePlanner of(CurveSample sample) {
    return of(sample, sample, Optional.empty());
  }

  /**
   * The same where a like curve is known: few examples then only tilt it.
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
    return new CurvePlanner(
        SmoothCurve.of(choosing, prior), Optional.of(new Measured(choosing, paying, prior)));
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
    SizePlan plan = planner.forSteps(steps);
    if (measured.isEmpty()) {
      return plan;
    }
    double[] own = measured.get().crossFitted(measured.get().choosing, plan.steps());
    double least = Double.POSITIVE_INFINITY;
    for (SizePlan fixed : fixed(curve().length(), plan.steps())) {
      double[] saved = new double[own.length];
      Arrays.setAll(saved, e -> own[e] - measured.get().choosing.cost(e, fixed));
      Estimate difference = Estimate.of(saved);
      double cost = Estimate.of(own).mean() - difference.mean();
      if (difference.mean() > SURE * difference.standardError() && cost < least) {
        least = cost;
        plan = fixed;
      }
    }
    return plan;
  }

  private static List<SizePlan> fixed(int holes, int steps) {
    return List.of(
        SizePlan.balanced(holes, steps),
        SizePlan.cosine(holes, steps),
        SizePlan.geometric(holes, steps, RATIO));
  }

  /**
   * The fewest steps whose price is within a budget. One token per step costs 0.
   *
   * @param budget nats, at least 0
   */
  public SizePlan forBudget(double budget) {
    if (!(budget >= 0)) {
      throw new IllegalArgumentException("budget must be at least 0 nats, got " + budget);
    }
    int low = 1;
    int high = curve().length();
    while (low < high) {
      int middle = (low + high) / 2;
      if (cost(forSteps(middle)).orElseThrow() <= budget) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return forSteps(low);
  }

  /**
   * Conditional KL of a plan, nats (K1, K2), with its standard error, 0 on an exact curve.
   *
   * @return empty for plans that look at values, which no curve can price
   */
  public Optional<Estimate> price(RevealPlan plan) {
    if (cost(curve(), plan).isEmpty()) {
      return Optional.empty();
    } else if (measured.isEmpty()) {
      return Optional.of(new Estimate(cost(curve(), plan).orElseThrow(), 0, 0));
    }
    CurveSample paying = measured.get().paying;
    return Optional.of(
        isOwn(plan)
            ? Estimate.of(measured.get().crossFitted(paying, plan.steps(curve().length())))
            : paying.estimate(c -> cost(InformationCurve.exact(c), plan).orElseThrow()));
  }

  /** The same without its error, for searching. */
  public OptionalDouble cost(RevealPlan plan) {
    return isOwn(plan)
        ? OptionalDouble.of(price(plan).orElseThrow().mean())
        : cost(measured.map(m -> m.mean).orElse(curve()), plan);
  }

  /** Whether a plan was chosen on measured curves. */
  private boolean isOwn(RevealPlan plan) {
    return measured.isPresent()
        && plan instanceof SizePlan sizes
        && Arrays.equals(sizes.sizes(), planner.forSteps(sizes.steps()).sizes());
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
