package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.SamplerChoice;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A sampler as it is written in a list: {@code NAME[/SCHEDULE][+CORRECTOR[*M]]}, such as {@code
 * mask-predictor/cosine}, {@code tweedie/geometric+gibbs*2}. The schedule is a plan or a grid, as
 * in {@code dllm generate}; M updates follow every step, 1 unless given.
 *
 * @param text as written
 * @param choice what it says
 */
public record SamplerSpec(String text, SamplerChoice choice) {
  private static final Pattern SHAPE =
      Pattern.compile("([^/+*]+)(?:/([^/+*]+))?(?:\\+([^/+*]+)(?:\\*([1-9][0-9]{0,4}))?)?");

  /**
   * Reads one.
   *
   * @param uniform whether the noise is uniform; otherwise it masks
   * @throws IllegalArgumentException if it is not one, in one line
   */
  public static SamplerSpec parse(String text, boolean uniform) {
    Matcher shape = SHAPE.matcher(text);
    if (!shape.matches()) {
      throw new IllegalArgumentException(
          "--samplers must be NAME[/SCHEDULE][+CORRECTOR[*M]],.., got " + text);
    }
    String schedule = shape.group(2);
    String corrector = shape.group(3);
    int updates = shape.group(4) == null ? 1 : Integer.parseInt(shape.group(4));
    return new SamplerSpec(
        text,
        uniform
            ? reverse(shape.group(1), schedule, corrector, updates)
            : plan(shape.group(1), schedule, corrector, updates));
  }

  private static PlanChoice plan(String name, String schedule, String corrector, int updates) {
    PlanChoice choice = PlanChoice.ofSampler(name);
    if (schedule != null) {
      if (choice.hasSizes()) {
        choice = choice.withPlan(schedule);
      } else if (choice.hasGrid()) {
        choice = choice.withGrid(schedule, choice.horizon(), choice.delta());
      } else {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "sampler %s has no schedule, got /%s", name, schedule));
      }
    }
    if (corrector != null && !corrector.equals("gibbs")) {
      throw new IllegalArgumentException("corrector must be gibbs for masking, got " + corrector);
    }
    return corrector == null ? choice : choice.withCorrector(updates);
  }

  private static ReverseChoice reverse(
      String name, String schedule, String corrector, int updates) {
    ReverseChoice choice = ReverseChoice.ofSampler(name);
    if (schedule != null) {
      if (!choice.hasGrid()) {
        throw new IllegalArgumentException(
            String.format(Locale.ROOT, "sampler %s has no schedule, got /%s", name, schedule));
      }
      choice = choice.withGrid(schedule);
    }
    return corrector == null
        ? choice
        : choice.withCorrector(corrector, updates, choice.correctorSites());
  }

  /** Whether the number of steps is for the caller to choose. */
  boolean hasSteps() {
    return choice.hasSteps();
  }

  /** The samplers of a list, which must differ. */
  public static List<SamplerSpec> parse(List<String> texts, boolean uniform) {
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("--samplers is missing");
    }
    if (texts.stream().distinct().count() < texts.size()) {
      throw new IllegalArgumentException("--samplers must differ, got " + String.join(",", texts));
    }
    return texts.stream().map(text -> parse(text, uniform)).toList();
  }
}
