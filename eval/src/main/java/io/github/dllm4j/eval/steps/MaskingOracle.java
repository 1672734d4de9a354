package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.DependenceProbe;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.info.SamplingCost.PathCost;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.eval.plot.Panel;
import io.github.dllm4j.eval.plot.Panel.Curve;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Masking: errors beside the bounds of Li and Cai (Theorems 3 and 4) and of Dmitriev, Huang and Wei
 * (Theorem 12 of the slides); masked-diffusion spec 4 and 15.
 */
final class MaskingOracle extends OracleStudy {
  private static final String CONDITIONAL = "conditional_kl_nats";
  private static final String INFORMATION = "mutual_information_sum_nats";
  private static final String BOUND = "theorem_4_nats";
  private static final int PROBED = 256;

  private final List<Named> family;
  private final OracleDenoiser oracle;
  private final Canvas canvas;
  private final double[] truth;
  private final InformationCurve curve;
  private final StepPlanner planner;
  private final ExactSampling exact;

  MaskingOracle(Named named, List<SamplerSpec> samplers, List<Integer> steps, List<Named> family) {
    super(named, samplers, steps);
    this.family = List.copyOf(family);
    oracle = new OracleDenoiser(law);
    canvas = Canvas.blank(law.length(), law.symbols());
    truth = law.table();
    curve = law.curve().orElseThrow(() -> new IllegalArgumentException("the law has no curve"));
    planner = new StepPlanner(curve);
    exact = new ExactSampling(oracle, canvas, 1, 1);
  }

  @Override
  public String title() {
    return "Error against steps on " + name + ", masking";
  }

  @Override
  public List<Column> columns() {
    return List.of(
        Column.text(SAMPLER, "sampler", "The sampler, /its plan or grid, +its corrector."),
        Column.count(STEPS, "steps", "Steps of its plan."),
        Column.count(
            EVALUATIONS,
            "evaluations",
            "Mean network evaluations of a sample; steps that fill nothing cost none."),
        Column.number(
            KL,
            "KL",
            "KL(data || output) of the samples, the marginal one, nats per sequence; exact."),
        Column.number(
            CONDITIONAL,
            "conditional KL",
            "Mean over reveal sets of KL(data || output given the sets), nats per sequence; exact. It"
                + " bounds the KL; theorems speak of it. Not defined where places depend on values or"
                + " filled tokens change."),
        Column.number(TV, "total variation", "Half the L1 distance of data and output, 0 to 1."),
        Column.number(OFF, "off support", "Probability of words that the data never shows."),
        Column.number(
            "theorem_3_nats",
            "Theorem 3",
            "Li and Cai's bound of the conditional KL of a plan of sizes, nats: (2^ceil(log2 smax) - 1)"
                + " / d times the sum of mutual informations, smax the largest size."),
        Column.number(
            "theorem_3_sharp_nats",
            "Theorem 3, sharp",
            "The same with the constant (smax - 1) / d, nats."),
        Column.number(
            BOUND,
            "Theorem 4",
            "The sum of mutual informations / steps, nats: Li and Cai's bound for balanced sizes; it"
                + " holds for modified tau-leaping and Tweedie on the alpha-linear grid too."),
        Column.text(NOTE, "note", "Samplers that no bound holds for are called heuristic."));
  }

  @Override
  Row compute(Cell cell) {
    PlanChoice choice = (PlanChoice) cell.sampler().choice();
    RevealPlan plan =
        choice.of(
            law.length(),
            Math.max(1, cell.steps()),
            planner::forSteps,
            () -> DependenceProbe.ofSamples(oracle, canvas, PROBED, 0));
    ExactSampling.Output output = exact.run(plan);
    int count = cell.steps() == 0 ? plan.steps(law.length()) : cell.steps();
    Row row =
        new Row()
            .with(SAMPLER, cell.sampler().text())
            .with(STEPS, (long) count)
            .with(EVALUATIONS, output.expectedEvaluations())
            .with(KL, Divergence.kl(truth, output.law()))
            .with(CONDITIONAL, CurvePlanner.cost(curve, plan))
            .with(TV, Divergence.totalVariation(truth, output.law()))
            .with(OFF, Divergence.massOffSupport(truth, output.law()));
    if (plan instanceof SizePlan sizes) {
      row.with("theorem_3_nats", SamplingCost.liCaiBound(curve, sizes))
          .with("theorem_3_sharp_nats", SamplingCost.sharpLiCaiBound(curve, sizes));
    }
    if (followsTheorem4(choice)) {
      int most = choice.hasSizes() ? Math.min(count, law.length()) : count;
      row.with(BOUND, SamplingCost.liCaiBalancedBound(curve, most));
    }
    return plan.heuristic() ? row.with(NOTE, "heuristic: no bound holds") : row;
  }

  private static boolean followsTheorem4(PlanChoice choice) {
    if (choice.correctorSteps() > 0) {
      return false;
    }
    boolean balanced =
        choice.sampler().equals("mask-predictor") && choice.plan().equals("balanced");
    boolean even = choice.grid().equals("alpha-linear");
    return balanced
        || (even && List.of("modified-tau-leaping", "tweedie").contains(choice.sampler()));
  }

  @Override
  boolean hasLimit(String sampler) {
    return ((PlanChoice) SamplerSpec.parse(sampler, false).choice()).hasGrid();
  }

  @Override
  boolean covers(Row row, String column) {
    return row.get(column).isPresent();
  }

  @Override
  public Findings findings(List<Row> rows) {
    Table families = families();
    Table paths = paths();
    List<Panel> panels = new ArrayList<>();
    Curve bound =
        reference("Theorem 4: SMI / T", count -> SamplingCost.liCaiBalancedBound(curve, count));
    panels.add(panel("KL of the samples", "KL(data || output), nats", bound, curves(rows, KL)));
    panels.add(panel("Conditional KL", "conditional KL, nats", bound, curves(rows, CONDITIONAL)));
    if (!families.rows().isEmpty()) {
      panels.add(familyPanel(families));
    }
    panels.add(pathPanel(paths));
    return new Findings(
        List.of(slopes(rows, CONDITIONAL, "conditional KL slope"), paths, families),
        panels,
        List.of(
            String.format(
                Locale.ROOT,
                "%d tokens of %d symbols; entropy %.4f, sum of mutual informations (SMI) %.4f, total"
                    + " correlation %.4f, dual total correlation %.4f nats. %s",
                law.length(),
                law.symbols(),
                curve.entropy(),
                curve.sumOfMutualInformation(),
                curve.totalCorrelation(),
                curve.dualTotalCorrelation(),
                fullSupport ? "Every word is possible." : "Some words are impossible."),
            "Everything here is exact: output laws are enumerated through the code that samples. T is"
                + " the number of steps. On paper the conditional KL falls as 1/T and the KL of the"
                + " samples as 1/T^2 if every word is possible, as 1/T if not. Errors below 1e-12 are rounding"
                + " and not drawn: plans of sizes are exact at one token per step."));
  }

  private static Panel panel(String title, String y, Curve bound, List<Curve> curves) {
    List<Curve> all = new ArrayList<>(curves);
    all.add(bound);
    return new Panel(title, "steps T (log)", y, true, true, all);
  }

  /** Li and Cai's figure: balanced sizes, T fixed, laws of more and more dependence. */
  private Table families() {
    int fixed =
        steps.stream()
            .filter(count -> 2 * count <= law.length())
            .max(Comparator.naturalOrder())
            .orElse(steps.get(0));
    List<Row> rows = new ArrayList<>();
    for (Named member : family) {
      ExactLaw of = member.law();
      InformationCurve own = of.curve().orElseThrow();
      SizePlan plan = SizePlan.balanced(of.length(), Math.min(fixed, of.length()));
      double[] output =
          new ExactSampling(new OracleDenoiser(of), Canvas.blank(of.length(), of.symbols()), 1, 1)
              .outputLaw(plan);
      rows.add(
          new Row()
              .with("law", member.name())
              .with(STEPS, (long) plan.steps())
              .with(INFORMATION, own.sumOfMutualInformation())
              .with(KL, Divergence.kl(of.table(), output))
              .with(CONDITIONAL, SamplingCost.conditionalKl(own, plan))
              .with(BOUND, SamplingCost.liCaiBalancedBound(own, plan.steps())));
    }
    rows.sort(Comparator.comparingDouble(row -> row.number(INFORMATION)));
    return new Table(
        "family",
        "Error against the sum of mutual informations, balanced sizes, steps fixed",
        List.of(
            Column.text("law", "law", "As in dllm exact."),
            Column.count(STEPS, "steps", "T."),
            Column.number(INFORMATION, "SMI", "Sum over tokens of I(token; all others), nats."),
            Column.number(KL, "KL", "KL(data || output), nats."),
            Column.number(CONDITIONAL, "conditional KL", "As above, nats."),
            Column.number(BOUND, "Theorem 4", "SMI / T, nats.")),
        rows);
  }

  private Panel familyPanel(Table table) {
    double[] x = Row.column(table.rows(), INFORMATION);
    return new Panel(
        String.format(
            Locale.ROOT,
            "Fixed T = %s, laws of growing dependence",
            table.rows().get(0).text(STEPS)),
        "sum of mutual informations, nats",
        "KL, nats",
        false,
        false,
        List.of(
            Curve.of("conditional KL", x, Row.column(table.rows(), CONDITIONAL)),
            Curve.of("KL of the samples", x, Row.column(table.rows(), KL)),
            Curve.reference("Theorem 4: SMI / T", x, Row.column(table.rows(), BOUND))));
  }

  /** Theorem 12: modified tau-leaping from the law at the horizon, on two grids. */
  private Table paths() {
    List<Row> rows = new ArrayList<>();
    for (String grid : List.of("uniform", "exponential-then-constant")) {
      for (int count : steps) {
        TimeGrid times =
            grid.equals("uniform")
                ? TimeGrid.uniform(PlanChoice.DEFAULT_HORIZON, count)
                : TimeGrid.exponentialThenConstant(
                    PlanChoice.DEFAULT_HORIZON, PlanChoice.DEFAULT_DELTA, count);
        PathCost cost = SamplingCost.theorem12(curve, times, law.symbols());
        ChancePlan plan = ChancePlan.of(times, TauLeaping.MODIFIED);
        double filled = Math.exp(-PlanChoice.DEFAULT_HORIZON);
        rows.add(
            new Row()
                .with("grid", grid)
                .with(STEPS, (long) count)
                .with("theorem_12_sum_nats", cost.theoremSum())
                .with("initial_bound_nats", cost.initialBound())
                .with("theorem_12_nats", cost.theoremSum() + cost.initialBound())
                .with("path_kl_nats", cost.discretisation() + cost.initial())
                .with("initial_kl_nats", cost.initial())
                .with("output_kl_nats", Divergence.kl(truth, exact.run(plan, filled).law()))
                .with("all_mask_kl_nats", Divergence.kl(truth, exact.outputLaw(plan))));
      }
    }
    return new Table("paths", "Theorem 12: bound, path, output", pathColumns(), rows);
  }

  private static List<Column> pathColumns() {
    return List.of(
        Column.text("grid", "grid", "Times of modified tau-leaping, horizon 8 nats, delta 0.02."),
        Column.count(STEPS, "steps", "N."),
        Column.number(
            "theorem_12_sum_nats",
            "theorem's sum",
            "sum over steps of h_k times the integral of I over the step, nats; the theorem hides a"
                + " factor of at most (e^h - 1)/h with h the longest step, and it tends to 1/2."),
        Column.number("initial_bound_nats", "theorem's start", "d e^-T ln S, nats."),
        Column.number("theorem_12_nats", "Theorem 12", "Both together, nats."),
        Column.number(
            "path_kl_nats",
            "path KL",
            "KL of trajectories from the law at the horizon, exact, nats: discretisation and start."),
        Column.number("initial_kl_nats", "of which start", "KL of the random start, exact, nats."),
        Column.number(
            "output_kl_nats", "output KL", "KL(data || output) from that start, exact, nats."),
        Column.number(
            "all_mask_kl_nats",
            "output KL, all masked",
            "The same from the all-masked word, which is how one samples, nats."));
  }

  private static Panel pathPanel(Table table) {
    List<Curve> curves = new ArrayList<>();
    for (String grid : List.of("uniform", "exponential-then-constant")) {
      String label = grid.equals("uniform") ? "uniform" : "exp-const";
      List<Row> own = table.rows().stream().filter(r -> r.text("grid").equals(grid)).toList();
      double[] x = Row.column(own, STEPS);
      curves.add(Curve.reference("bound, " + label, x, Row.column(own, "theorem_12_nats")));
      curves.add(Curve.of("path, " + label, x, Row.column(own, "path_kl_nats")));
      curves.add(Curve.of("output, " + label, x, Row.column(own, "output_kl_nats")));
    }
    return new Panel(
        "Theorem 12: bound, path KL, output KL", "steps N (log)", "nats", true, true, curves);
  }
}
