package io.github.dllm4j.engine;

import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.IsotonicRegression;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.CorrectedPlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * From a request to its reveal plan: the given number of steps, or the fewest whose predicted cost
 * on the model's information curve is within the budget.
 *
 * <p>The curve is that of whole sequences. With text given, the part of it beyond the given share
 * of tokens stands in for the unknown conditional curve: good enough to plan with, not to promise
 * anything.
 */
final class Planning {
  private static final int MOST_STEPS = 4096;

  private Planning() {}

  /** A plan with what it is predicted to cost, or why that is not said. */
  record Planned(RevealPlan plan, OptionalDouble predictedKlNats, String note) {}

  /**
   * The plan of a masked model.
   *
   * @param choice the sampler
   */
  static Planned plan(
      GenerationRequest request,
      PlanChoice choice,
      Canvas canvas,
      Optional<InformationCurve> information) {
    int holes = canvas.holeCount();
    boolean automatic = request.steps().isEmpty() && choice.hasSteps();
    if (information.isEmpty() && (automatic || choice.needsCurve())) {
      throw new IllegalArgumentException(
          "the model has no information.json to plan with: give steps and a plan such as balanced");
    }
    InformationCurve measured =
        information
            .map(curve -> forHoles(curve, canvas))
            .orElseGet(() -> InformationCurve.exact(new double[holes]));
    InformationCurve smooth = smooth(measured);
    StepPlanner planner = new StepPlanner(smooth);
    RevealPlan plan =
        automatic
            ? fewestSteps(request, choice, holes, planner, smooth)
            : choice.of(holes, request.steps().orElse(holes), planner);
    OptionalDouble cost = PlanChoice.cost(measured, plan);
    String note = cost.isEmpty() ? unpriced(plan) : note(request, canvas, information);
    return new Planned(
        plan,
        note.isEmpty()
            ? OptionalDouble.of(Math.max(0, cost.getAsDouble()))
            : OptionalDouble.empty(),
        note);
  }

  private static String unpriced(RevealPlan plan) {
    if (plan instanceof CorrectedPlan) {
      return "the curve prices the steps, not what a corrector gains";
    }
    return plan instanceof AdaptivePlan
        ? "heuristic: places are chosen by the model's own laws, which no curve can price"
        : "heuristic: no bound is known for this sampler, and no curve can price it";
  }

  private static String note(
      GenerationRequest request, Canvas canvas, Optional<InformationCurve> information) {
    if (information.isEmpty()) {
      return "the model has no information curve";
    } else if (request.temperature() != 1 || request.topP() != 1) {
      return "temperature or top-p change the law the curve was measured for";
    } else if (canvas.holeCount() < canvas.length()) {
      return "the curve is that of sequences without given text";
    } else if (canvas.length() != information.get().length()) {
      return String.format(
          Locale.ROOT, "the curve is that of sequences of %d tokens", information.get().length());
    }
    return "";
  }

  /** h at the share of tokens that is known when j of the holes are filled, [holes]. */
  private static InformationCurve forHoles(InformationCurve curve, Canvas canvas) {
    int holes = canvas.holeCount();
    if (holes == curve.length()) {
      return curve;
    }
    double scale = curve.length() / (double) canvas.length();
    double[] values = new double[holes];
    for (int j = 0; j < holes; j++) {
      double at = Math.min((canvas.length() - holes + j) * scale, curve.length() - 1.0);
      int below = (int) at;
      int above = Math.min(below + 1, curve.length() - 1);
      values[j] = curve.at(below) + (at - below) * (curve.at(above) - curve.at(below));
    }
    return InformationCurve.exact(values);
  }

  private static InformationCurve smooth(InformationCurve curve) {
    double[] weights = new double[curve.length()];
    for (int j = 0; j < weights.length; j++) {
      double error = curve.standardErrors()[j];
      weights[j] = error > 0 ? 1 / (error * error) : 1;
    }
    return InformationCurve.exact(IsotonicRegression.nonIncreasing(curve.values(), weights));
  }

  /** The fewest steps within the budget; those of random places where the places are not random. */
  private static RevealPlan fewestSteps(
      GenerationRequest request,
      PlanChoice choice,
      int holes,
      StepPlanner planner,
      InformationCurve curve) {
    PlanChoice priced = choice.priced();
    int low = 1;
    int high = choice.hasSizes() ? holes : MOST_STEPS;
    while (low < high) {
      int middle = (low + high) / 2;
      double cost = PlanChoice.cost(curve, priced.of(holes, middle, planner)).getAsDouble();
      if (cost <= request.epsilon()) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return choice.of(holes, low, planner);
  }
}
