package io.github.dllm4j.engine;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ReverseCourse;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * From a request to a uniform model to its course: the given number of steps, or the fewest whose
 * path KL is within the budget. The last step always denoises by tweedie, which is never further
 * off.
 *
 * <p>The path KL is known for whole sequences, of the rates measured on held-out text, and bounds
 * only what additive tau-leaping and tweedie lose (uniform-diffusion spec 5); of truncated
 * tau-leaping it is infinite.
 */
final class ReversePlanning {
  private static final int MOST_STEPS = 4096;

  private ReversePlanning() {}

  /**
   * A course with what it is predicted to cost.
   *
   * @param predictedPathKlNats empty where nothing can be promised
   * @param note what the prediction rests on, or why there is none
   */
  record Planned(ReverseCourse course, Optional<Estimate> predictedPathKlNats, String note) {}

  /**
   * The course of a uniform model.
   *
   * @param choice the sampler
   * @param length tokens of the sequences that the decay is about
   * @param decay of whole sequences on held-out text
   * @throws IllegalArgumentException if the optimal grid or the number of steps is asked for and
   *     cannot be known
   */
  static Planned plan(
      GenerationRequest request,
      ReverseChoice choice,
      Canvas canvas,
      int length,
      Optional<DecaySample> decay) {
    Planning.requireSteps(request, choice);
    if (!choice.hasGrid()) {
      return new Planned(
          choice.uniformization(), Optional.empty(), "exact simulation: it has no steps to price");
    }
    boolean whole = canvas.length() == length && canvas.holeCount() == length;
    Optional<ReversePlanner> known = decay.map(ReversePlanner::of);
    Supplier<ReversePlanner> planner =
        () -> known.orElseThrow(() -> new IllegalArgumentException(unknown(choice)));
    int steps =
        request.steps().isEmpty() && choice.hasSteps()
            ? fewestSteps(request.epsilon(), choice, whole, planner)
            : request.steps().orElse(1);
    ReverseCourse course = choice.plan(steps, planner).withLast(ReverseKernel.tweedie());
    String why = unpriced(request, choice, whole, known.isPresent());
    if (!why.isEmpty()) {
      return new Planned(course, Optional.empty(), why);
    }
    TimeGrid grid = choice.grid(steps, planner);
    if (above(grid, planner.get())) {
      return new Planned(
          course, Optional.empty(), "the grid begins above the noise the rates were measured at");
    }
    Estimate price = planner.get().pathKl(grid);
    return new Planned(
        course,
        Optional.of(new Estimate(Math.max(0, price.mean()), price.standardError(), price.count())),
        "path KL with exact scores, from the model's own rates on held-out text");
  }

  /** Whether a grid begins above the noise that was measured, not only by rounding. */
  private static boolean above(TimeGrid grid, ReversePlanner planner) {
    return grid.level(0) > planner.levels()[0] * (1 + 1e-9);
  }

  private static String unknown(ReverseChoice choice) {
    return (choice.grid().equals(ReverseChoice.OPTIMAL) ? "the optimal grid" : "steps auto")
        + " needs the rates of information.json, which this model has not (and never for a"
        + " class): give steps and another grid, or measure them with dllm plan --model DIR"
        + " --corpus F --save";
  }

  private static String unpriced(
      GenerationRequest request, ReverseChoice choice, boolean whole, boolean known) {
    if (choice.heuristic()) {
      return "heuristic: this corrector moves the law that it should keep";
    } else if (!choice.corrector().equals("none")) {
      return "the path KL prices the steps, not what a corrector gains";
    } else if (!choice.hasPathKl()) {
      return "no path KL is known for this sampler; the last step denoises by tweedie";
    } else if (!known) {
      return "no rates of this model have been measured; the last step denoises by tweedie";
    } else if (!whole) {
      return "the rates are those of whole sequences, not of what is left to fill here";
    }
    return request.temperature() != 1 || request.topP() != 1
        ? "temperature or top-p change the law the rates were measured for"
        : "";
  }

  /** The fewest steps within the budget; those of additive tau-leaping for every sampler. */
  private static int fewestSteps(
      double epsilon, ReverseChoice choice, boolean whole, Supplier<ReversePlanner> planner) {
    ReversePlanner known = planner.get();
    if (!whole) {
      throw new IllegalArgumentException(
          "steps auto is for whole sequences of a uniform model: give steps for a prompt, a template"
              + " or another length");
    }
    int low = 1;
    int high = choice.grid().equals(ReverseChoice.OPTIMAL) ? ReversePlanner.CANDIDATES : MOST_STEPS;
    int most = high;
    TimeGrid one = choice.grid(1, planner);
    if (above(one, known)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "steps auto needs a grid from at most %.4f nats, where the rates were measured, got %s"
                  + " from %s",
              known.levels()[0],
              choice.grid(),
              one.level(0)));
    }
    while (low < high) {
      int middle = (low + high) / 2;
      if (known.pathKl(choice.grid(middle, planner)).mean() <= epsilon) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    double least = known.pathKl(choice.grid(low, planner)).mean();
    if (!(least <= epsilon)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "epsilon %s nats of path KL needs more than %d steps of grid %s: these leave %.3g",
              epsilon,
              most,
              choice.grid(),
              least));
    }
    return low;
  }
}
