package io.github.dllm4j.engine;

import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.List;

/**
 * Which sampler of the reveal-plan family, by name.
 *
 * @param sampler {@code mask-predictor} (sizes), or {@code modified-tau-leaping}, {@code
 *     tau-leaping}, {@code euler}, {@code tweedie} (chances), or {@code first-hitting} (one token
 *     per step)
 * @param plan of the mask predictor: optimal, balanced, cosine, geometric, front or back
 * @param grid of the others: uniform, exponential-then-constant, alpha-linear or alpha-cosine
 */
public record PlanChoice(String sampler, String plan, String grid) {
  private static final double HORIZON = 8;
  private static final double DELTA = 0.02;
  private static final double RATIO = 0.9;
  private static final List<String> SAMPLERS =
      List.of(
          "mask-predictor",
          "modified-tau-leaping",
          "tau-leaping",
          "euler",
          "tweedie",
          "first-hitting");
  private static final List<String> PLANS =
      List.of("optimal", "balanced", "cosine", "geometric", "front", "back");
  private static final List<String> GRIDS =
      List.of("uniform", "exponential-then-constant", "alpha-linear", "alpha-cosine");

  /** The sizes the planner finds best on the model's curve. */
  public static final PlanChoice OPTIMAL =
      new PlanChoice("mask-predictor", "optimal", "alpha-linear");

  /** Checks the names. */
  public PlanChoice {
    require("sampler", sampler, SAMPLERS);
    require("plan", plan, PLANS);
    require("grid", grid, GRIDS);
  }

  private static void require(String name, String value, List<String> allowed) {
    if (!allowed.contains(value)) {
      throw new IllegalArgumentException(
          "%s must be one of %s, got %s".formatted(name, String.join(", ", allowed), value));
    }
  }

  /** Whether the plan needs an information curve whatever the steps. */
  boolean needsCurve() {
    return sampler.equals("mask-predictor") && plan.equals("optimal");
  }

  /**
   * The plan of a number of steps.
   *
   * @param holes tokens to fill
   * @param steps at least 1; sizes are never more than the holes
   * @param planner of the holes' curve; used by the optimal plan only
   */
  RevealPlan of(int holes, int steps, StepPlanner planner) {
    int sizes = Math.min(holes, steps);
    return switch (sampler) {
      case "mask-predictor" ->
          switch (plan) {
            case "optimal" -> planner.forSteps(sizes);
            case "balanced" -> SizePlan.balanced(holes, sizes);
            case "cosine" -> SizePlan.cosine(holes, sizes);
            case "geometric" -> SizePlan.geometric(holes, sizes, RATIO);
            case "front" -> SizePlan.front(holes, sizes);
            default -> SizePlan.back(holes, sizes);
          };
      case "first-hitting" -> SizePlan.firstHitting(holes);
      case "modified-tau-leaping" -> ChancePlan.of(grid(steps), TauLeaping.MODIFIED);
      case "tau-leaping" -> ChancePlan.of(grid(steps), TauLeaping.TRUNCATED);
      case "euler" -> ChancePlan.of(grid(steps), TauLeaping.EULER);
      default -> ChancePlan.of(grid(steps), TauLeaping.TWEEDIE);
    };
  }

  private TimeGrid grid(int steps) {
    return switch (grid) {
      case "uniform" -> TimeGrid.uniform(HORIZON, steps);
      case "exponential-then-constant" -> TimeGrid.exponentialThenConstant(HORIZON, DELTA, steps);
      case "alpha-linear" -> TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, steps);
      default -> TimeGrid.alphaCosine(Double.POSITIVE_INFINITY, steps);
    };
  }

  /** The plan's conditional KL on a curve, nats. */
  static double cost(InformationCurve curve, RevealPlan plan) {
    if (plan instanceof SizePlan sizes) {
      return SamplingCost.conditionalKl(curve, sizes);
    }
    return SamplingCost.conditionalKl(curve, (ChancePlan) plan);
  }

  /** What the sampler works by: its plan or its grid. */
  String schedule() {
    return switch (sampler) {
      case "mask-predictor" -> plan;
      case "first-hitting" -> "one by one";
      default -> grid;
    };
  }
}
