package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.oracle.ExactDecay;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What {@code dllm plan} says of uniform noise: how it forgets a law, grids and their path KL.
 *
 * @param planner chooses on one half of the examples and prices on the other
 * @param sample the measured examples, if the law is not known
 * @param left KL(data || uniform), nats
 * @param evaluations network evaluations spent
 */
record ReversePlanReport(
    ReversePlanner planner, Optional<DecaySample> sample, Estimate left, long evaluations) {
  private static final double LAW_HORIZON = 8;
  private static final double GEOMETRIC_HORIZON = 6;
  private static final double GEOMETRIC_MINIMUM = 0.01;
  private static final int MOST_STEPS = 128;
  private static final String MEANING =
      "path KL of additive tau-leaping with exact scores; it bounds the KL of the samples";
  private static final String BIAS =
      "KL(data || uniform) is d ln S minus the model's bound on the entropy: too low by what the bound"
          + " is too high; path KLs are integrals of the model's own rates, whose bias has no sign";

  /** The exact decay of a small law. */
  static ReversePlanReport of(ExactLaw law) {
    ExactDecay decay = new ExactDecay(law);
    return new ReversePlanReport(
        ReversePlanner.of(decay, LAW_HORIZON),
        Optional.empty(),
        new Estimate(decay.left(0), 0, 0),
        0);
  }

  /**
   * Measured examples.
   *
   * @param evaluations spent on them now
   */
  static ReversePlanReport of(DecaySample sample, long evaluations) {
    return new ReversePlanReport(
        ReversePlanner.of(sample), Optional.of(sample), sample.left(), evaluations);
  }

  /** The grids asked for: of so many steps, within a budget, or of powers of two. */
  List<TimeGrid> plans(Optional<Integer> steps, Optional<Double> epsilon) {
    if (steps.isPresent()) {
      return List.of(planner.forSteps(steps.get()));
    } else if (epsilon.isPresent()) {
      return List.of(planner.forBudget(epsilon.get()));
    }
    return Stream.iterate(1, n -> n <= MOST_STEPS, n -> 2 * n).map(planner::forSteps).toList();
  }

  /** Levels, ascending, at which phi is reported. */
  private double[] sigmas() {
    return sample
        .map(DecaySample::levels)
        .orElseGet(() -> Arrays.stream(planner.levels()).sorted().toArray());
  }

  /** phi at these levels, raw where it was measured. */
  private Estimate[] rates() {
    if (sample.isEmpty()) {
      double[] rates = planner.rates();
      Estimate[] exact = new Estimate[rates.length];
      Arrays.setAll(exact, n -> new Estimate(rates[rates.length - 1 - n], 0, 0));
      return exact;
    }
    Estimate[] measured = new Estimate[sample.get().levels().length];
    Arrays.setAll(measured, n -> sample.get().rate(n));
    return measured;
  }

  private double logLinear(int steps) {
    return planner.pathKl(TimeGrid.logLinear(NoiseSchedule.DEFAULT_EPSILON, steps)).mean();
  }

  private double geometric(int steps) {
    return planner.pathKl(TimeGrid.geometric(GEOMETRIC_HORIZON, GEOMETRIC_MINIMUM, steps)).mean();
  }

  /** The JSON document. */
  Map<String, Object> document(List<TimeGrid> plans) {
    Map<String, Object> document = new LinkedHashMap<>();
    Estimate[] rates = rates();
    document.put("process", "uniform");
    document.put("sigmas", sigmas());
    document.put("phi", Arrays.stream(rates).mapToDouble(Estimate::mean).toArray());
    document.put(
        "standard_errors",
        sample.isPresent()
            ? Arrays.stream(rates).mapToDouble(Estimate::standardError).toArray()
            : null);
    document.put("kl_from_uniform_nats", left.mean());
    document.put(
        "kl_from_uniform_standard_error", sample.isPresent() ? left.standardError() : null);
    document.put("examples", left.count());
    document.put("evaluations", evaluations);
    document.put("note", sample.isPresent() ? MEANING + "; " + BIAS : MEANING);
    document.put("plans", plans.stream().map(this::entry).toList());
    return document;
  }

  private Map<String, Object> entry(TimeGrid grid) {
    Map<String, Object> entry = new LinkedHashMap<>();
    Estimate price = planner.pathKl(grid);
    entry.put("steps", grid.steps());
    entry.put("grid", grid.toArray());
    entry.put("predicted_path_kl_nats", price.mean());
    entry.put(
        "predicted_path_kl_standard_error", sample.isPresent() ? price.standardError() : null);
    entry.put("log_linear_path_kl_nats", logLinear(grid.steps()));
    entry.put("geometric_path_kl_nats", geometric(grid.steps()));
    return entry;
  }

  /** The report for people. */
  String text(List<TimeGrid> plans) {
    List<String> lines = new ArrayList<>();
    double[] sigmas = sigmas();
    Estimate[] rates = rates();
    lines.add(
        String.format(
            Locale.ROOT,
            "uniform noise: KL(data || uniform) = %s nats per sequence (%s)",
            left.text(4),
            sample.isPresent()
                ? left.count() + " sequences, " + evaluations + " network evaluations now"
                : "exact"));
    lines.add(
        String.format(
            Locale.ROOT,
            "phi(%.3g) = %s, phi(%.3g) = %s nats per nat of noise",
            sigmas[0],
            rates[0].text(4),
            sigmas[sigmas.length - 1],
            rates[rates.length - 1].text(4)));
    lines.add("");
    lines.add(MEANING);
    if (sample.isPresent()) {
      lines.add(BIAS);
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "%6s %20s %12s %12s  %s",
            "steps",
            "optimal",
            "log-linear",
            "geometric",
            "levels"));
    for (TimeGrid grid : plans) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%6d %20s %12.4f %12.4f  %s%s",
              grid.steps(),
              planner.pathKl(grid).text(4),
              logLinear(grid.steps()),
              geometric(grid.steps()),
              levels(grid),
              grid.steps() > 8 ? ",..." : ""));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private static String levels(TimeGrid grid) {
    return Arrays.stream(grid.toArray())
        .limit(8)
        .mapToObj(level -> String.format(Locale.ROOT, "%.3g", level))
        .reduce((a, b) -> a + "," + b)
        .orElse("");
  }
}
