package io.github.dllm4j.eval.steps;

import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.eval.plot.Panel;
import io.github.dllm4j.eval.plot.Panel.Curve;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What the rows of a model's report say together: seeds pooled, pictures, and what to beware of.
 */
final class ModelFindings {
  private static final String STEPS_AXIS = "network evaluations per sample (log)";

  private final ModelStudy.Setup setup;
  private final List<Row> pooled;
  private final List<Row> samplers;
  private final List<Row> references;

  ModelFindings(ModelStudy.Setup setup, List<Row> rows) {
    this.setup = setup;
    this.pooled = pooled(rows);
    this.references = rows.stream().filter(row -> row.get(Html.REFERENCE).isPresent()).toList();
    this.samplers = pooled.stream().filter(row -> row.get(Html.REFERENCE).isEmpty()).toList();
  }

  Findings findings() {
    List<Panel> panels = new ArrayList<>();
    panels.add(against("Generative perplexity", ModelColumns.PERPLEXITY, "perplexity", true));
    panels.add(
        against(
            "Unigram entropy", ModelColumns.ENTROPY, "nats per token, within a sequence", false));
    panels.add(frontier());
    panels.add(
        samplers.stream().anyMatch(row -> row.get(ModelColumns.PREDICTED).isPresent())
            ? errors()
            : against("Repetition", ModelColumns.REPETITION, "share of repeated 4-grams", false));
    List<Table> tables =
        setup.seeds().size() > 1
            ? List.of(new Table("pooled", "All seeds together", ModelColumns.all(), pooled))
            : List.of();
    return new Findings(tables, panels, notes());
  }

  private List<String> notes() {
    return List.of(
        String.format(
            Locale.ROOT,
            "%d sequences of %d tokens per row, judged by %s (in %s). The held-out text is judged the same"
                + " way, in as many sequences as there are, at most as many: samples should come close to"
                + " its row in every column, not below its perplexity.",
            setup.samples(),
            setup.length(),
            setup.judge().name(),
            setup.judge().unit()),
        "Generative perplexity says how likely texts are to the judge, not how good they are: text that"
            + " repeats itself is likely. Read it beside the unigram entropy and the repetition, and compare"
            + " samplers at equal entropy, on the frontier that temperatures draw. No sample is left out;"
            + " empty and short ones are counted. Seconds and tokens per second are of this run on this"
            + " machine.");
  }

  /** A measure against network evaluations, at the first temperature. */
  private Panel against(String title, String key, String y, boolean log) {
    double temperature = temperature();
    List<Curve> curves = new ArrayList<>();
    for (String name : names()) {
      List<Row> own =
          samplers.stream()
              .filter(row -> row.text(ModelColumns.SAMPLER).equals(name))
              .filter(row -> row.number(ModelColumns.TEMPERATURE) == temperature)
              .toList();
      curves.add(curve(name, own, ModelColumns.EVALUATIONS, key));
    }
    double[] range =
        samplers.stream()
            .mapToDouble(row -> row.number(ModelColumns.EVALUATIONS))
            .filter(Double::isFinite)
            .sorted()
            .toArray();
    references.stream()
        .filter(row -> row.text(ModelColumns.SAMPLER).equals(ModelStudy.HELD_OUT))
        .forEach(row -> curves.add(level(row, key, range)));
    pooled.stream()
        .filter(row -> row.text(ModelColumns.SAMPLER).equals(ModelStudy.AUTOREGRESSIVE))
        .filter(row -> row.number(ModelColumns.TEMPERATURE) == temperature)
        .forEach(row -> curves.add(level(row, key, range)));
    return new Panel(
        temperature == 1 ? title : title + " at temperature " + temperature,
        STEPS_AXIS,
        y,
        true,
        log,
        curves);
  }

  private double temperature() {
    return setup.temperatures().get(0);
  }

  private static Curve level(Row row, String key, double[] range) {
    double[] x =
        range.length == 0 ? new double[0] : new double[] {range[0], range[range.length - 1]};
    double[] y = new double[x.length];
    Arrays.fill(y, row.number(key));
    return Curve.reference(row.text(ModelColumns.SAMPLER), x, y);
  }

  private List<String> names() {
    return samplers.stream().map(row -> row.text(ModelColumns.SAMPLER)).distinct().toList();
  }

  private static Curve curve(String name, List<Row> rows, String x, String y) {
    return new Curve(
        name,
        Row.column(rows, x),
        Row.column(rows, y),
        rows.stream()
            .mapToDouble(row -> (row.number(y + "_high") - row.number(y + "_low")) / 2)
            .toArray(),
        false);
  }

  /** Entropy and perplexity over temperatures, each sampler at its most steps. */
  private Panel frontier() {
    List<Curve> curves = new ArrayList<>();
    for (String name : names()) {
      List<Row> own =
          samplers.stream().filter(row -> row.text(ModelColumns.SAMPLER).equals(name)).toList();
      double most = own.stream().mapToDouble(row -> row.number(ModelColumns.STEPS)).max().orElse(0);
      List<Row> last = own.stream().filter(row -> row.number(ModelColumns.STEPS) == most).toList();
      curves.add(
          curve(
              String.format(Locale.ROOT, "%s, %.0f", name, most),
              last,
              ModelColumns.ENTROPY,
              ModelColumns.PERPLEXITY));
    }
    List<Row> others =
        pooled.stream()
            .filter(row -> row.text(ModelColumns.SAMPLER).equals(ModelStudy.AUTOREGRESSIVE))
            .toList();
    if (!others.isEmpty()) {
      curves.add(
          curve(ModelStudy.AUTOREGRESSIVE, others, ModelColumns.ENTROPY, ModelColumns.PERPLEXITY));
    }
    references.stream()
        .filter(row -> row.text(ModelColumns.SAMPLER).equals(ModelStudy.HELD_OUT))
        .forEach(
            row ->
                curves.add(
                    curve(
                        ModelStudy.HELD_OUT,
                        List.of(row),
                        ModelColumns.ENTROPY,
                        ModelColumns.PERPLEXITY)));
    String temperatures =
        setup.temperatures().size() == 1
            ? "temperature " + setup.temperatures().get(0)
            : "temperatures "
                + String.join(", ", setup.temperatures().stream().map(String::valueOf).toList());
    return new Panel(
        "Frontier, most steps, " + temperatures,
        "unigram entropy, nats per token",
        "generative perplexity",
        false,
        true,
        curves);
  }

  /** What the planner says against what held-out text says. */
  private Panel errors() {
    List<Curve> curves = new ArrayList<>();
    for (String name : names()) {
      List<Row> own =
          samplers.stream()
              .filter(row -> row.text(ModelColumns.SAMPLER).equals(name))
              .filter(row -> row.number(ModelColumns.TEMPERATURE) == 1)
              .toList();
      curves.add(curve(name, own, ModelColumns.STEPS, ModelColumns.MEASURED));
      curves.add(
          Curve.reference(
              name + ", predicted",
              Row.column(own, ModelColumns.STEPS),
              Row.column(own, ModelColumns.PREDICTED)));
    }
    return new Panel(
        "Cost of steps, measured and predicted",
        "steps (log)",
        "nats per sequence",
        true,
        true,
        curves);
  }

  /** Rows that differ in the seed alone as one. */
  static List<Row> pooled(List<Row> rows) {
    Map<String, List<Row>> groups = new LinkedHashMap<>();
    for (Row row : rows) {
      String group =
          String.join(
              "|",
              row.text(ModelColumns.SAMPLER),
              row.text(ModelColumns.TEMPERATURE),
              row.text(ModelColumns.STEPS));
      groups.computeIfAbsent(group, g -> new ArrayList<>()).add(row);
    }
    return groups.values().stream().map(ModelFindings::pool).toList();
  }

  private static Row pool(List<Row> rows) {
    if (rows.size() == 1) {
      return rows.get(0);
    }
    Row pooled = Row.of(rows.get(0).values());
    pooled.with(ModelColumns.SEED, "all");
    for (Column column : ModelColumns.all()) {
      String key = column.key();
      switch (column.kind()) {
        case COUNT -> {
          if (!key.equals(ModelColumns.STEPS)) {
            pooled.with(key, (long) rows.stream().mapToDouble(row -> row.number(key)).sum());
          }
        }
        case MEASURE -> poolMeasure(pooled, key, rows);
        case TIME -> {
          double sum = rows.stream().mapToDouble(row -> row.number(key)).sum();
          pooled.with(key, key.equals(ModelColumns.RATE) ? sum / rows.size() : sum);
        }
        default -> {}
      }
    }
    return pooled;
  }

  /** The mean weighted by samples, on the scale of the interval; what no seed changes stays. */
  private static void poolMeasure(Row pooled, String key, List<Row> rows) {
    if (rows.stream().map(row -> row.text(key)).distinct().count() == 1) {
      return;
    }
    double sum = 0;
    double squares = 0;
    int count = 0;
    for (Row row : rows) {
      int samples = (int) (row.number(ModelColumns.SAMPLES) - row.number(ModelColumns.EMPTY));
      Optional<Estimate> own = ModelColumns.get(row, key, samples);
      if (own.isEmpty()) {
        pooled.remove(key);
        return;
      }
      sum += own.get().mean() * samples;
      squares += Math.pow(own.get().standardError() * samples, 2);
      count += samples;
    }
    Estimate estimate = new Estimate(sum / count, Math.sqrt(squares) / count, count);
    if (key.equals(ModelColumns.PERPLEXITY)) {
      ModelColumns.putExp(pooled, key, estimate);
    } else {
      ModelColumns.put(pooled, key, estimate);
    }
  }
}
