package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The planner's word against what plans cost: {@code dllm plan --check}.
 *
 * @param method how the costs were measured
 * @param rows one for each plan
 */
record PlanCheck(String method, List<Row> rows) {
  private static final int ENUMERABLE = 1 << 22;

  /**
   * One plan.
   *
   * @param predicted by the planner, nats
   * @param measured nats
   */
  record Row(SizePlan plan, Estimate predicted, Estimate measured) {

    /**
     * Measured minus predicted, in standard errors; rounding counts as none. NaN if the sequences
     * measured all cost the same: what is rare enough not to be seen has no error.
     */
    double errors() {
      double gap = measured.mean() - predicted.mean();
      if (Math.abs(gap) < 1e-9) {
        return 0;
      }
      return measured.count() > 0 && measured.standardError() < 1e-12
          ? Double.NaN
          : gap / Math.hypot(predicted.standardError(), measured.standardError());
    }

    private String shownErrors() {
      return Double.isNaN(errors())
          ? "none seen"
          : String.format(Locale.ROOT, "%9.2f se", errors());
    }
  }

  /** Plans of a law, by enumeration if it is small enough, else on so many words of its own. */
  static PlanCheck of(
      ExactLaw law, CurvePlanner planner, List<SizePlan> plans, int count, long seed) {
    int d = law.length();
    try (Denoiser oracle = new OracleDenoiser(law)) {
      if (d * Math.log(2.0 * law.symbols() + 2) < Math.log(ENUMERABLE)) {
        ExactSampling exact = new ExactSampling(oracle, Canvas.blank(d, law.symbols()), 1, 1);
        double[] table = law.table();
        return of(
            "enumeration",
            planner,
            plans,
            plans.stream()
                .map(plan -> new Estimate(exact.conditionalKl(plan, table), 0, 0))
                .toList());
      }
      // Words that no curve was measured on.
      Iterator<int[]> words =
          IntStream.range(count, 2 * count).mapToObj(i -> law.sample(seed, i)).iterator();
      return of(oracle, words, planner, plans, d, seed);
    }
  }

  /**
   * Plans of a model on blocks that its curve was not measured on.
   *
   * @param batch sequences per network call
   */
  static PlanCheck of(
      Denoiser denoiser,
      Iterator<int[]> blocks,
      CurvePlanner planner,
      List<SizePlan> plans,
      int batch,
      long seed) {
    List<double[]> costs = new ArrayList<>();
    while (blocks.hasNext()) {
      costs.add(TeacherForcing.costs(denoiser, blocks.next(), plans, costs.size(), batch, seed));
    }
    List<Estimate> measured =
        IntStream.range(0, plans.size())
            .mapToObj(p -> Estimate.of(costs.stream().mapToDouble(c -> c[p]).toArray()))
            .toList();
    return of("teacher forcing of " + costs.size() + " sequences", planner, plans, measured);
  }

  private static PlanCheck of(
      String method, CurvePlanner planner, List<SizePlan> plans, List<Estimate> measured) {
    return new PlanCheck(
        method,
        IntStream.range(0, plans.size())
            .mapToObj(
                p ->
                    new Row(
                        plans.get(p), planner.price(plans.get(p)).orElseThrow(), measured.get(p)))
            .toList());
  }

  /** For the JSON document. */
  Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("method", method);
    document.put("rows", rows.stream().map(PlanCheck::entry).toList());
    return document;
  }

  private static Map<String, Object> entry(Row row) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("steps", row.plan.steps());
    entry.put("predicted_kl_nats", row.predicted.mean());
    entry.put("predicted_kl_standard_error", row.predicted.standardError());
    entry.put("measured_kl_nats", row.measured.mean());
    entry.put("measured_kl_standard_error", row.measured.standardError());
    entry.put("difference_standard_errors", row.errors());
    return entry;
  }

  /** The table for people. */
  String text() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("the prediction against the cost measured by " + method + ", nats per sequence");
    lines.add(
        String.format(
            Locale.ROOT, "%6s %22s %22s %12s", "steps", "predicted", "measured", "difference"));
    for (Row row : rows) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%6d %22s %22s %12s",
              row.plan.steps(),
              shown(row.predicted),
              shown(row.measured),
              row.shownErrors()));
    }
    return String.join(System.lineSeparator(), lines);
  }

  private static String shown(Estimate estimate) {
    return estimate.text(estimate.standardError() == 0 ? 6 : 4);
  }
}
