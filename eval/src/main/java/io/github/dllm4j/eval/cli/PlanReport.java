package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.Functional;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.eval.plot.PlanPlot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What {@code dllm plan} says: a curve, what is read off it, and plans with their prices.
 *
 * @param curve for the reader: the exact one, or the mean of the measured ones
 * @param planner chooses plans and prices them
 * @param sample the measured curves, if it is not exact
 * @param study what measuring cost, if it was done now
 * @param per what all of it is about: a sequence, or a block of one
 * @param band standard errors on either side that hold the whole curve with 95 %, 0 if exact
 */
record PlanReport(
    InformationCurve curve,
    CurvePlanner planner,
    Optional<CurveSample> sample,
    Optional<CurveStudy> study,
    String per,
    double band) {
  private static final double LEVEL = 0.95;
  private static final String SEQUENCE = "sequence";

  static PlanReport exact(InformationCurve curve) {
    return new PlanReport(
        curve, CurvePlanner.of(curve), Optional.empty(), Optional.empty(), SEQUENCE, 0);
  }

  /** Curves that choose and pay. */
  static PlanReport measured(CurveSample sample, Optional<CurveStudy> study, long seed) {
    return measured(sample, CurvePlanner.of(sample), study, SEQUENCE, seed);
  }

  /** A model's curves: what {@link CurvePlanner#of(CurveStudy)} makes of them. */
  static PlanReport measured(CurveStudy study, long seed) {
    return of(study, SEQUENCE, seed);
  }

  /** The same of a block behind the clean text before it. */
  static PlanReport ofBlocks(CurveStudy study, long seed) {
    return of(study, "block", seed);
  }

  private static PlanReport of(CurveStudy study, String per, long seed) {
    CurvePlanner planner = CurvePlanner.of(study);
    return measured(study.crossEntropy(), planner, Optional.of(study), per, seed);
  }

  private static PlanReport measured(
      CurveSample sample, CurvePlanner planner, Optional<CurveStudy> study, String per, long seed) {
    return new PlanReport(
        sample.curve(),
        planner,
        Optional.of(sample),
        study,
        per,
        sample.simultaneousBand(LEVEL, seed));
  }

  private Estimate functional(Functional functional) {
    return sample
        .map(s -> s.estimate(functional))
        .orElseGet(() -> new Estimate(functional.of(curve), 0, 0));
  }

  private double price(RevealPlan plan) {
    return planner.price(plan).orElseThrow().mean();
  }

  /** The JSON document. */
  Map<String, Object> document(List<SizePlan> plans) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("per", per);
    document.put("information_curve", curve.values());
    document.put("standard_errors", sample.isPresent() ? curve.standardErrors() : null);
    Map<String, Object> errors = new LinkedHashMap<>();
    for (Functional functional : Functional.values()) {
      document.put(functional.label(), functional(functional).mean());
      errors.put(functional.label(), functional(functional).standardError());
    }
    document.put("functional_standard_errors", sample.isPresent() ? errors : null);
    document.put("source", curve.source());
    document.put("examples", sample.map(CurveSample::examples).orElse(0));
    document.put("nodes", sample.map(s -> s.nodes().at()).orElse(null));
    document.put("band_standard_errors", sample.isPresent() ? band : null);
    document.put(
        "interpolation_error_nats", sample.map(CurveSample::interpolationError).orElse(0.0));
    document.put("calibration_gap", study.map(CurveStudy::calibrationGap).orElse(null));
    document.put("evaluations", study.map(CurveStudy::evaluations).orElse(ownEvaluations()));
    document.put("plans", plans.stream().map(this::entry).toList());
    return document;
  }

  /** What the model's own samples took: each is evaluated at each node. */
  private long ownEvaluations() {
    return sample.map(own -> (long) own.examples() * own.nodes().count()).orElse(0L);
  }

  private Map<String, Object> entry(SizePlan plan) {
    int steps = plan.steps();
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("steps", steps);
    entry.put("sizes", plan.sizes());
    Estimate price = planner.price(plan).orElseThrow();
    entry.put("predicted_kl_nats", price.mean());
    entry.put("predicted_kl_standard_error", sample.isPresent() ? price.standardError() : null);
    entry.put("balanced_kl_nats", price(SizePlan.balanced(curve.length(), steps)));
    entry.put("cosine_kl_nats", price(SizePlan.cosine(curve.length(), steps)));
    entry.put("exponential_then_constant_kl_nats", price(grid(steps)));
    entry.put("smooth_approximation_kl_nats", planner.smoothCost(steps));
    entry.put("theorem_bound_nats", SamplingCost.liCaiBalancedBound(curve, steps));
    return entry;
  }

  private static ChancePlan grid(int steps) {
    return ChancePlan.of(TimeGrid.exponentialThenConstant(8, 0.02, steps), TauLeaping.MODIFIED);
  }

  /** The report for people. */
  String text(List<SizePlan> plans) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "information curve of %s%d tokens: h(0) = %.4f, h(%d) = %.4f nats (%s)",
            per.equals(SEQUENCE) ? "" : "a block of ",
            curve.length(),
            curve.at(0),
            curve.length() - 1,
            curve.at(curve.length() - 1),
            source()));
    for (Functional functional : Functional.values()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%-28s %19s nats per %s%s",
              functional.label().replace('_', ' '),
              functional(functional).text(4),
              per,
              bias(functional)));
    }
    study.ifPresent(
        s ->
            lines.add(
                String.format(
                    Locale.ROOT,
                    "%-28s %19s nats per %s (cross-entropy minus model entropy)%n"
                        + "measured with %,d network evaluations at %d nodes; lines between nodes: at most %.4f nats",
                    "calibration gap",
                    s.calibrationGap().text(4),
                    per,
                    s.evaluations(),
                    s.crossEntropy().nodes().count(),
                    sample.orElseThrow().interpolationError())));
    lines.add("");
    lines.add("conditional KL in nats per " + per);
    lines.add(
        String.format(
            Locale.ROOT,
            "%6s %18s %10s %10s %16s %10s  %s",
            "steps",
            "optimal",
            "balanced",
            "cosine",
            "exp-then-const",
            "Theorem 4",
            "sizes"));
    for (SizePlan plan : plans) {
      lines.add(row(plan));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private String row(SizePlan plan) {
    int steps = plan.steps();
    String sizes =
        Arrays.stream(plan.sizes())
            .limit(12)
            .mapToObj(String::valueOf)
            .reduce((a, b) -> a + "," + b)
            .orElse("");
    return String.format(
        Locale.ROOT,
        "%6d %18s %10.4f %10.4f %16.4f %10.4f  %s%s",
        steps,
        planner.price(plan).orElseThrow().text(4),
        price(SizePlan.balanced(curve.length(), steps)),
        price(SizePlan.cosine(curve.length(), steps)),
        price(grid(steps)),
        SamplingCost.liCaiBalancedBound(curve, steps),
        sizes,
        plan.sizes().length > 12 ? ",..." : "");
  }

  private String source() {
    return switch (curve.source()) {
      case EXACT -> "exact";
      case MODEL_CROSS_ENTROPY -> examples() + " of held-out text, cross-entropy of the model";
      case MODEL_ENTROPY -> examples() + ", entropies of an exact law";
      case MODEL_SAMPLES ->
          examples() + " of the model's own text: about the model, not about data";
    };
  }

  private String examples() {
    return sample.orElseThrow().examples() + " sequences";
  }

  private String bias(Functional functional) {
    if (curve.source() != InformationCurve.Source.MODEL_CROSS_ENTROPY) {
      return "";
    }
    return functional == Functional.ENTROPY
        ? ", an upper bound"
        : ", of the model: no sign of its bias";
  }

  /** Draws the curve and the costs of all powers of two. */
  void plot(Path file) throws IOException {
    int[] steps = IntStream.iterate(1, n -> n <= curve.length(), n -> 2 * n).toArray();
    double[] optimal = new double[steps.length];
    double[] balanced = new double[steps.length];
    double[] cosine = new double[steps.length];
    for (int i = 0; i < steps.length; i++) {
      optimal[i] = price(planner.forSteps(steps[i]));
      balanced[i] = price(SizePlan.balanced(curve.length(), steps[i]));
      cosine[i] = price(SizePlan.cosine(curve.length(), steps[i]));
    }
    double[] x = Arrays.stream(steps).asDoubleStream().toArray();
    double[] halfWidth = Arrays.stream(curve.standardErrors()).map(e -> e * band).toArray();
    PlanPlot.write(
        file,
        curve.values(),
        halfWidth,
        "95 % band for the whole curve",
        new PlanPlot.Costs(x, optimal, balanced, cosine));
  }
}
