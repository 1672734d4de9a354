package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.ReverseCost;
import io.github.dllm4j.engine.oracle.ExactDecay;
import io.github.dllm4j.engine.oracle.ExactPath;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.sample.Uniformization;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import io.github.dllm4j.eval.plot.Panel;
import io.github.dllm4j.eval.plot.Panel.Curve;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Uniform noise: errors beside the path KL and the bounds of Dmitriev, Huang and Wei (Theorem 11 of
 * the slides) with their constants; uniform-diffusion spec 5.
 */
final class UniformOracle extends OracleStudy {
  private static final String CHAIN = "chain_kl_nats";
  private static final String PATH = "path_kl_nats";

  /** The chain KL takes words^2 per step; more words than this have none. */
  private static final int CHAIN_WORDS = 1024;

  private static final List<String> GRIDS = List.of("uniform", "log-linear", "geometric");

  private final double[] truth;
  private final NoiseProcess process;
  private final ExactReverse exact;
  private final ExactPath path;
  private final ExactDecay decay;

  UniformOracle(Named named, List<SamplerSpec> samplers, List<Integer> steps) {
    super(named, samplers, steps);
    truth = law.table();
    process = NoiseProcess.uniform(law.symbols());
    exact = ExactReverse.of(law, process);
    path = new ExactPath(law, process, new NoisyOracle(law, process));
    decay = new ExactDecay(law);
  }

  @Override
  public String title() {
    return "Error against steps on " + name + ", uniform noise";
  }

  @Override
  public List<Column> columns() {
    return List.of(
        Column.text(SAMPLER, "sampler", "The sampler, /its grid, +its corrector."),
        Column.count(STEPS, "steps", "Steps down the grid; none if the sampler has none."),
        Column.count(EVALUATIONS, "evaluations", "Network evaluations of a sample."),
        Column.number(
            KL,
            "KL",
            "KL(data || output) of the samples, the marginal one, nats per sequence; exact."),
        Column.number(TV, "total variation", "Half the L1 distance of data and output, 0 to 1."),
        Column.number(OFF, "off support", "Probability of words that the data never shows."),
        Column.number(
            CHAIN,
            "chain KL",
            "KL of the words at all levels of the grid, nats; exact. It bounds the KL. Not defined with a"
                + " corrector; not computed for more than 1024 words."),
        Column.number(
            PATH,
            "path KL",
            "Path KL of additive tau-leaping on this grid, nats; exact. It bounds the chain KL of additive"
                + " tau-leaping and of Tweedie, and stands beside no other sampler."),
        Column.number(
            "theorem_11_nats",
            "Theorem 11",
            "Its bound of the path KL for any law and any grid, with explicit constants, nats."),
        Column.text(NOTE, "note", "Correctors that move the law they should keep are heuristic."));
  }

  @Override
  Row compute(Cell cell) {
    ReverseChoice choice = (ReverseChoice) cell.sampler().choice();
    Row row = new Row().with(SAMPLER, cell.sampler().text());
    if (!choice.hasGrid()) {
      Uniformization course = choice.uniformization();
      return distances(
          row.with(EVALUATIONS, course.expectedEvents(law.length(), law.symbols()) + 1),
          exact.outputLaw(course));
    }
    ReversePlan plan = choice.plan(Math.max(1, cell.steps()));
    distances(
        row.with(STEPS, (long) plan.steps()).with(EVALUATIONS, (long) plan.evaluations()),
        exact.outputLaw(plan));
    if (plan.corrector().isEmpty()) {
      row.with(CHAIN, chain(plan));
      if (List.of("tweedie", "additive-tau-leaping").contains(choice.sampler())) {
        row.with(PATH, ReverseCost.pathKl(decay, plan.grid()))
            .with(
                "theorem_11_nats",
                ReverseCost.anyGridBound(law.length(), law.symbols(), plan.grid()));
      }
    }
    return choice.heuristic() ? row.with(NOTE, "heuristic corrector") : row;
  }

  private double chain(ReversePlan plan) {
    return truth.length > CHAIN_WORDS ? Double.NaN : path.chainKl(plan);
  }

  private Row distances(Row row, double[] output) {
    return row.with(KL, Divergence.kl(truth, output))
        .with(TV, Divergence.totalVariation(truth, output))
        .with(OFF, Divergence.massOffSupport(truth, output));
  }

  @Override
  boolean hasLimit(String sampler) {
    return true;
  }

  @Override
  boolean covers(Row row, String column) {
    return row.get(PATH).isPresent();
  }

  @Override
  public Findings findings(List<Row> rows) {
    Table paths = paths();
    List<Panel> panels = new ArrayList<>();
    panels.add(
        new Panel(
            "KL of the samples",
            "steps N (log)",
            "KL(data || output), nats",
            true,
            true,
            curves(rows, KL)));
    panels.add(
        new Panel(
            "KL of the chain of words",
            "steps N (log)",
            "chain KL, nats",
            true,
            true,
            curves(rows, CHAIN)));
    panels.add(pathPanel(paths, "uniform"));
    panels.add(pathPanel(paths, "log-linear"));
    return new Findings(
        List.of(slopes(rows, CHAIN, "chain KL slope"), paths),
        panels,
        List.of(
            String.format(
                Locale.ROOT,
                "%d tokens of %d symbols; KL(data || uniform) %.4f nats. %s",
                law.length(),
                law.symbols(),
                decay.left(0),
                fullSupport ? "Every word is possible." : "Some words are impossible."),
            "Everything here is exact: output laws are enumerated through the code that samples, every"
                + " step by the named sampler, the last one too. On paper chain and path KL fall as 1/N,"
                + " the KL of the samples as 1/N^2 if every word is possible, as 1/N if not."));
  }

  /** Theorem 11 on three grids. */
  private Table paths() {
    List<Row> rows = new ArrayList<>();
    for (String grid : GRIDS) {
      for (int count : steps) {
        TimeGrid times = grid(grid, count);
        ReversePlan additive = ReversePlan.of(times, ReverseKernel.additiveTauLeaping());
        ReversePlan tweedie = ReversePlan.of(times, ReverseKernel.tweedie());
        boolean constant = grid.equals("uniform");
        double horizon = times.level(0);
        rows.add(
            new Row()
                .with("grid", grid)
                .with(STEPS, (long) count)
                .with(
                    "theorem_11_nats", ReverseCost.anyGridBound(law.length(), law.symbols(), times))
                .with(
                    "universal_bound_nats",
                    constant
                        ? ReverseCost.universalBound(law.length(), law.symbols(), horizon, count)
                        : Double.NaN)
                .with(
                    "data_bound_nats",
                    constant ? ReverseCost.dataBound(decay, horizon, count) : Double.NaN)
                .with(PATH, ReverseCost.pathKl(decay, times))
                .with("additive_chain_kl_nats", chain(additive))
                .with("tweedie_chain_kl_nats", chain(tweedie))
                .with("additive_kl_nats", Divergence.kl(truth, exact.outputLaw(additive)))
                .with("tweedie_kl_nats", Divergence.kl(truth, exact.outputLaw(tweedie))));
      }
    }
    return new Table("paths", "Theorem 11: bound, path, chain, output", pathColumns(), rows);
  }

  private static TimeGrid grid(String name, int steps) {
    return switch (name) {
      case "uniform" -> TimeGrid.uniform(PlanChoice.DEFAULT_HORIZON, steps);
      case "log-linear" -> TimeGrid.logLinear(NoiseSchedule.DEFAULT_EPSILON, steps);
      default ->
          TimeGrid.geometric(
              ReverseChoice.GEOMETRIC_HORIZON, ReverseChoice.DEFAULT_SIGMA_MIN, steps);
    };
  }

  private static List<Column> pathColumns() {
    return List.of(
        Column.text(
            "grid",
            "grid",
            "Times: uniform (horizon 8 nats), log-linear (epsilon 1e-3), geometric (6)."),
        Column.count(STEPS, "steps", "N."),
        Column.number(
            "theorem_11_nats",
            "Theorem 11",
            "Bound of the path KL for any law and any grid, explicit constants, nats."),
        Column.number(
            "universal_bound_nats",
            "constant steps",
            "The bound for any law and constant steps, nats."),
        Column.number(
            "data_bound_nats",
            "this law",
            "The bound for constant steps that knows the law, nats."),
        Column.number(PATH, "path KL", "Of additive tau-leaping, exact, nats."),
        Column.number(
            "additive_chain_kl_nats",
            "chain KL, additive",
            "Of additive tau-leaping, exact, nats."),
        Column.number("tweedie_chain_kl_nats", "chain KL, Tweedie", "Of Tweedie, exact, nats."),
        Column.number(
            "additive_kl_nats", "output KL, additive", "KL(data || output), exact, nats."),
        Column.number("tweedie_kl_nats", "output KL, Tweedie", "The same of Tweedie, nats."));
  }

  private static Panel pathPanel(Table table, String grid) {
    List<Row> own = table.rows().stream().filter(r -> r.text("grid").equals(grid)).toList();
    double[] x = Row.column(own, STEPS);
    List<Curve> curves = new ArrayList<>();
    for (Column column : table.columns().subList(2, table.columns().size())) {
      double[] y = Row.column(own, column.key());
      boolean bound = column.key().contains("bound") || column.key().startsWith("theorem");
      curves.add(
          bound
              ? Curve.reference("bound: " + column.heading(), x, y)
              : Curve.of(column.heading(), x, y));
    }
    return new Panel(
        "Theorem 11 on the " + grid + " grid", "steps N (log)", "nats", true, true, curves);
  }
}
