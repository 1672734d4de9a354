package io.github.dllm4j.engine;

import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.CorrectedPlan;
import io.github.dllm4j.engine.sample.DependenceKernel;
import io.github.dllm4j.engine.sample.RevealPlan;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * From a request to its reveal plan: the given number of steps, or the fewest whose predicted cost
 * is within the budget.
 *
 * <p>A sequence of the model's own length with nothing given is planned on the curve of its
 * held-out text. With text given, or another length, the plan is for the curve of <em>that</em>
 * canvas, measured on the model's own samples ({@code info.ConditionalCurve}) if the plan needs it.
 */
final class Planning {
  private static final int MOST_STEPS = 4096;

  private Planning() {}

  /**
   * A plan with what it is predicted to cost.
   *
   * @param predictedKlNats empty where nothing can be promised
   * @param note what the prediction rests on, or why there is none
   * @param evaluations that measuring the canvas's own curve takes
   */
  record Planned(
      RevealPlan plan, Optional<Estimate> predictedKlNats, String note, int evaluations) {}

  /**
   * The plan of a masked model.
   *
   * @param choice the sampler
   * @param information plans on the curves of whole sequences of held-out text; asked for only if
   *     the plan looks at them
   * @param measured the curves of the canvas; asked for only if the plan needs them
   * @param dependence of the model's tokens; asked for only if the plan needs it
   */
  static Planned plan(
      GenerationRequest request,
      PlanChoice choice,
      Canvas canvas,
      Supplier<Optional<CurvePlanner>> information,
      Supplier<CurveSample> measured,
      Supplier<DependenceKernel> dependence) {
    requireSteps(request, choice);
    int holes = canvas.holeCount();
    boolean automatic = request.steps().isEmpty() && choice.hasSteps();
    boolean whole = holes == canvas.length() && length(information.get()) == holes;
    boolean known = whole || (holes > 0 && (automatic || choice.needsCurve()));
    Optional<CurveSample> own = known && !whole ? Optional.of(measured.get()) : Optional.empty();
    CurvePlanner planner =
        whole
            ? information.get().orElseThrow()
            : own.map(sample -> ofGivenText(sample, canvas, information.get()))
                .orElseGet(
                    () -> CurvePlanner.of(InformationCurve.exact(new double[Math.max(1, holes)])));
    RevealPlan plan =
        automatic
            ? fewestSteps(request, choice, holes, planner, dependence)
            : choice.of(
                holes, request.steps().orElse(Math.max(1, holes)), planner::forSteps, dependence);
    int evaluations = own.map(curves -> curves.examples() * curves.nodes().count()).orElse(0);
    Optional<Estimate> price = planner.price(plan);
    String note;
    if (price.isEmpty()) {
      note = unpriced(plan) + (automatic ? "; its steps were chosen as for random places" : "");
    } else if (request.constraint().isPresent()) {
      price = Optional.empty();
      note =
          "the constraint changes the law the curve was measured for"
              + (automatic ? "; its steps were chosen as without it" : "");
    } else if (request.temperature() != 1 || request.topP() != 1) {
      price = Optional.empty();
      note = "temperature or top-p change the law the curve was measured for";
    } else if (!known) {
      price = Optional.empty();
      note = "the curve of this text was not measured: the plan needs none";
    } else {
      note = own.map(Planning::note).orElse("");
    }
    return new Planned(plan, price.map(Planning::atLeastZero), note, evaluations);
  }

  /** Steps are not for samplers that decide them. */
  static void requireSteps(GenerationRequest request, SamplerChoice choice) {
    if (request.steps().isPresent() && !choice.hasSteps()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s (%s) decides its steps itself: give no steps, got %d",
              choice.sampler(),
              choice.schedule(),
              request.steps().getAsInt()));
    }
  }

  /** The canvas's own curve, a correction of the known one from where as many tokens are given. */
  private static CurvePlanner ofGivenText(
      CurveSample own, Canvas canvas, Optional<CurvePlanner> information) {
    if (length(information) < canvas.length()) {
      return CurvePlanner.of(own);
    }
    double[] whole = information.orElseThrow().curve().values();
    int given = canvas.length() - canvas.holeCount();
    double[] left = Arrays.copyOfRange(whole, given, canvas.length());
    return CurvePlanner.of(own, InformationCurve.exact(left));
  }

  private static String unpriced(RevealPlan plan) {
    if (plan instanceof CorrectedPlan) {
      return "the curve prices the steps, not what a corrector gains";
    }
    if (plan instanceof AdaptivePlan adaptive) {
      return (plan.heuristic() ? "heuristic: " : "")
          + (adaptive.cache().isPresent()
              ? "laws are approximate, keys and values outside a block are those of an earlier"
                  + " step; "
              : "")
          + "places are chosen by the model's own laws, which no curve can price";
    }
    return "heuristic: no bound is known for this sampler, and no curve can price it";
  }

  private static int length(Optional<CurvePlanner> information) {
    return information.map(planner -> planner.curve().length()).orElse(0);
  }

  private static Estimate atLeastZero(Estimate price) {
    return new Estimate(Math.max(0, price.mean()), price.standardError(), price.count());
  }

  private static String note(CurveSample measured) {
    return String.format(
        Locale.ROOT,
        "measured on %d samples of the model given this text, at %d nodes",
        measured.examples(),
        measured.nodes().count());
  }

  /** The fewest steps that are enough; the most if none are. */
  static int fewest(int most, IntPredicate enough) {
    return IntStream.range(1, most).filter(enough).findFirst().orElse(most);
  }

  /** The same by halving, where more always are enough. */
  private static int fewestOfMany(int most, IntPredicate enough) {
    int low = 1;
    int high = most;
    while (low < high) {
      int middle = (low + high) / 2;
      if (enough.test(middle)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** The fewest steps within the budget; those of random places where the places are not random. */
  private static RevealPlan fewestSteps(
      GenerationRequest request,
      PlanChoice choice,
      int holes,
      CurvePlanner planner,
      Supplier<DependenceKernel> dependence) {
    PlanChoice priced = choice.priced();
    IntToDoubleFunction costs =
        steps -> planner.cost(priced.of(holes, steps, planner::forSteps, dependence)).orElseThrow();
    IntPredicate enough = steps -> costs.applyAsDouble(steps) <= request.epsilon();
    // Sizes of more steps may cost more: those of fewer need not be made of them.
    int low =
        choice.hasSizes() ? fewest(Math.max(1, holes), enough) : fewestOfMany(MOST_STEPS, enough);
    double cost = costs.applyAsDouble(low);
    if (cost > request.epsilon()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "epsilon %s nats needs more than %d steps of %s: at these it is %.3g",
              request.epsilon(),
              low,
              choice.sampler(),
              cost));
    }
    int steps = Math.max(low, choice.leastSteps(holes));
    return choice.of(holes, steps, planner::forSteps, dependence);
  }
}
