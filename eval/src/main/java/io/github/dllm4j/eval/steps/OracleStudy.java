package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.eval.plot.Panel.Curve;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * The exact error of samplers on a known law against their steps, by enumeration through the code
 * that samples; no randomness. Below are what the two noises share.
 */
public abstract class OracleStudy implements Study {
  static final String SAMPLER = "sampler";
  static final String STEPS = "steps";
  static final String EVALUATIONS = "evaluations";
  static final String KL = "kl_nats";
  static final String TV = "total_variation";
  static final String OFF = "off_support_mass";
  static final String NOTE = "note";

  /** Errors below this are rounding: they are not drawn, no slope is fitted through them. */
  private static final double ROUNDING = 1e-12;

  /** Slopes are fitted over the last steps from this share of the most. */
  private static final double LAST = 0.25;

  final String name;
  final ExactLaw law;
  final List<Integer> steps;
  final boolean fullSupport;
  private final List<Cell> cells;

  /**
   * A sampler with a number of steps.
   *
   * @param steps 0 if the sampler decides them
   */
  record Cell(SamplerSpec sampler, int steps) {}

  /**
   * A law with its name.
   *
   * @param name as in {@code dllm exact}
   */
  public record Named(String name, ExactLaw law) {}

  OracleStudy(Named law, List<SamplerSpec> samplers, List<Integer> steps) {
    this.name = law.name();
    this.law = law.law();
    this.steps = List.copyOf(steps);
    fullSupport = Arrays.stream(this.law.table()).allMatch(p -> p > 0);
    cells = new ArrayList<>();
    for (SamplerSpec sampler : samplers) {
      for (int count : sampler.hasSteps() ? steps : List.of(0)) {
        cells.add(new Cell(sampler, count));
      }
    }
  }

  /**
   * The study of masking.
   *
   * @param steps numbers of steps, ascending
   * @param family laws whose error is drawn against their sum of mutual informations; may be empty
   */
  public static Study masking(
      Named law, List<SamplerSpec> samplers, List<Integer> steps, List<Named> family) {
    return new MaskingOracle(law, samplers, steps, family);
  }

  /**
   * The study of uniform noise.
   *
   * @param steps numbers of steps, ascending
   */
  public static Study uniform(Named law, List<SamplerSpec> samplers, List<Integer> steps) {
    return new UniformOracle(law, samplers, steps);
  }

  @Override
  public List<String> cells() {
    return cells.stream()
        .map(
            cell ->
                cell.steps == 0
                    ? cell.sampler.text()
                    : String.format(Locale.ROOT, "%s, %d steps", cell.sampler.text(), cell.steps))
        .toList();
  }

  @Override
  public Row compute(int cell) {
    return compute(cells.get(cell));
  }

  abstract Row compute(Cell cell);

  /** The curve of a column, one for each sampler that has steps. */
  List<Curve> curves(List<Row> rows, String column) {
    List<Curve> curves = new ArrayList<>();
    for (String sampler : samplers(rows)) {
      List<Row> own = rows.stream().filter(row -> row.text(SAMPLER).equals(sampler)).toList();
      curves.add(
          Curve.of(
              sampler,
              Row.column(own, STEPS),
              own.stream().mapToDouble(row -> shown(row.number(column))).toArray()));
    }
    return curves;
  }

  /** What a logarithmic axis shows: rounding would stretch it over ten octaves. */
  private static double shown(double error) {
    return error > ROUNDING ? error : Double.NaN;
  }

  private static List<String> samplers(List<Row> rows) {
    return rows.stream().map(row -> row.text(SAMPLER)).distinct().toList();
  }

  /** A curve over all steps asked for. */
  Curve reference(String label, ToDoubleFunction<Integer> value) {
    return Curve.reference(
        label,
        steps.stream().mapToDouble(Integer::doubleValue).toArray(),
        steps.stream().mapToDouble(value).toArray());
  }

  /**
   * Slopes of logarithms over the last two octaves of steps.
   *
   * @param second another column, whose slope on paper is -1 where a theorem covers it
   */
  Table slopes(List<Row> rows, String second, String secondHeading) {
    List<Row> slopes = new ArrayList<>();
    for (String sampler : samplers(rows)) {
      List<Row> own =
          rows.stream()
              .filter(row -> row.text(SAMPLER).equals(sampler) && hasLimit(sampler))
              .filter(row -> row.number(STEPS) >= LAST * steps.get(steps.size() - 1))
              .toList();
      double marginal = slope(own, KL);
      double other = slope(own, second);
      if (!Double.isNaN(marginal) || !Double.isNaN(other)) {
        slopes.add(
            new Row()
                .with(SAMPLER, sampler)
                .with("from_steps", (long) own.get(0).number(STEPS))
                .with("to_steps", (long) own.get(own.size() - 1).number(STEPS))
                .with("kl_slope", marginal)
                .with("kl_on_paper", sampler.contains("+") ? Double.NaN : fullSupport ? -2 : -1)
                .with("second_slope", other)
                .with(
                    "second_on_paper",
                    own.stream().allMatch(row -> covers(row, second)) ? -1 : Double.NaN));
      }
    }
    return new Table(
        "slopes",
        "Slope of the error over the last two octaves of steps",
        List.of(
            Column.text(SAMPLER, "sampler", "Which sampler, with a time grid."),
            Column.count("from_steps", "from", "The least steps in the fit."),
            Column.count("to_steps", "to", "The most steps in the fit."),
            Column.number(
                "kl_slope",
                "KL slope",
                "Slope of ln KL(data || output) against ln steps by least squares; none where errors"
                    + " are rounding (below 1e-12)."),
            Column.number(
                "kl_on_paper",
                "on paper",
                "Where all steps shrink: -2 if every word is possible, -1 if some are not. A grid whose"
                    + " last step does not shrink (exponential-then-constant, geometric) ends flat;"
                    + " so does one that begins at a finite horizon under uniform noise. Nothing is known on paper"
                    + " with a corrector."),
            Column.number("second_slope", secondHeading, "The same of that column."),
            Column.number(
                "second_on_paper",
                "on paper",
                "Where all steps shrink and a theorem covers the sampler.")),
        slopes);
  }

  /** Whether a sampler's error has a limit law in its steps: those of sizes are exact at d. */
  abstract boolean hasLimit(String sampler);

  /** Whether a theorem says how that column falls. */
  abstract boolean covers(Row row, String column);

  private static double slope(List<Row> rows, String column) {
    List<Row> usable =
        rows.stream()
            .filter(row -> row.number(column) > ROUNDING)
            .filter(row -> Double.isFinite(row.number(column)))
            .toList();
    double[] x = usable.stream().mapToDouble(row -> Math.log(row.number(STEPS))).toArray();
    double[] y = usable.stream().mapToDouble(row -> Math.log(row.number(column))).toArray();
    return slope(x, y);
  }

  /** The slope of the line of least squares; NaN if there are fewer than two different x. */
  static double slope(double[] x, double[] y) {
    double meanX = Arrays.stream(x).average().orElse(0);
    double meanY = Arrays.stream(y).average().orElse(0);
    double product = 0;
    double square = 0;
    for (int i = 0; i < x.length; i++) {
      product += (x[i] - meanX) * (y[i] - meanY);
      square += (x[i] - meanX) * (x[i] - meanX);
    }
    return square == 0 ? Double.NaN : product / square;
  }
}
