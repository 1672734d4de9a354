package io.github.dllm4j.eval.steps;

import static io.github.dllm4j.eval.steps.ModelColumns.put;
import static io.github.dllm4j.eval.steps.ModelColumns.putExp;

import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.AutoregressiveModel;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import io.github.dllm4j.eval.metrics.Diversity;
import io.github.dllm4j.eval.metrics.GenerativePerplexity;
import io.github.dllm4j.eval.metrics.Judge;
import io.github.dllm4j.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A model's samples against steps, judged; the held-out text judged beside them. */
public final class ModelStudy implements Study {
  static final String HELD_OUT = "held-out text";
  static final String UNIGRAM = "judge's unigrams";
  static final String AUTOREGRESSIVE = "autoregressive";
  private static final int GRAM = 4;

  private final Setup setup;
  private final List<Cell> cells = new ArrayList<>();
  private @Nullable Map<Cell, StepLikelihood.Score> scores;
  private boolean warm;

  /**
   * What is measured.
   *
   * @param generator of the model
   * @param samplers for the model's noise
   * @param steps ascending
   * @param samples sequences per cell
   * @param seeds of samples
   * @param temperatures of samples; all but the first are run at the most steps only
   * @param length tokens of a sequence
   * @param judge of all texts
   * @param heldOut blocks of held-out text to judge, at most {@code samples}, at least one
   * @param scored blocks of held-out text for the likelihood of samplers; none for none
   * @param baseline an autoregressive model to sample from
   */
  public record Setup(
      TextGenerator generator,
      List<SamplerSpec> samplers,
      List<Integer> steps,
      int samples,
      List<Long> seeds,
      List<Double> temperatures,
      int length,
      Judge judge,
      List<int[]> heldOut,
      List<int[]> scored,
      Optional<AutoregressiveModel> baseline) {}

  /**
   * A row to compute.
   *
   * @param name of the sampler, or what else it is
   * @param sampler empty for what is no sampler of the model
   * @param steps 0 where they are not for the caller to choose
   */
  private record Cell(
      String name, Optional<SamplerSpec> sampler, int steps, double temperature, long seed) {

    /** The likelihood of a plan is the same for all seeds. */
    Cell ofAnySeed() {
      return new Cell(name, sampler, steps, temperature, 0);
    }
  }

  /** A study. */
  public ModelStudy(Setup setup) {
    this.setup = setup;
    cells.add(new Cell(HELD_OUT, Optional.empty(), 0, 1, 0));
    cells.add(new Cell(UNIGRAM, Optional.empty(), 0, 1, 0));
    if (setup.baseline.isPresent()) {
      addCells(AUTOREGRESSIVE, Optional.empty(), List.of(0));
    }
    for (SamplerSpec sampler : setup.samplers) {
      addCells(sampler.text(), Optional.of(sampler), sampler.hasSteps() ? setup.steps : List.of(0));
    }
  }

  /** All steps at the first temperature, the most of them at the others. */
  private void addCells(String name, Optional<SamplerSpec> sampler, List<Integer> steps) {
    for (double temperature : setup.temperatures) {
      boolean first = temperature == setup.temperatures.get(0);
      for (int count : first ? steps : steps.subList(steps.size() - 1, steps.size())) {
        for (long seed : setup.seeds) {
          cells.add(new Cell(name, sampler, count, temperature, seed));
        }
      }
    }
  }

  @Override
  public String title() {
    return "Quality against steps of the model " + setup.generator.model().name();
  }

  @Override
  public List<Column> columns() {
    return ModelColumns.all();
  }

  @Override
  public List<String> cells() {
    return cells.stream()
        .map(
            cell ->
                cell.name.equals(HELD_OUT) || cell.name.equals(UNIGRAM)
                    ? cell.name
                    : String.format(
                        Locale.ROOT,
                        "%s%s, temperature %s, seed %d",
                        cell.name,
                        cell.steps == 0 ? "" : ", " + cell.steps + " steps",
                        cell.temperature,
                        cell.seed))
        .toList();
  }

  @Override
  public Row compute(int index) {
    Cell cell = cells.get(index);
    return switch (cell.name) {
      case HELD_OUT -> heldOut();
      case UNIGRAM -> unigrams();
      case AUTOREGRESSIVE -> leftToRight(cell);
      default -> scored(row(cell, made(cell)), cell);
    };
  }

  private Row heldOut() {
    Tokenizer tokenizer = setup.generator.model().tokenizer();
    Row row = new Row().with(ModelColumns.SAMPLER, HELD_OUT).with(Html.REFERENCE, "the data");
    texts(row, setup.heldOut, setup.heldOut.stream().map(tokenizer::decode).toList());
    return row.with(ModelColumns.SHORT, 0);
  }

  private Row unigrams() {
    double nats = setup.judge.unigramEntropy();
    Row row =
        new Row()
            .with(ModelColumns.SAMPLER, UNIGRAM)
            .with(ModelColumns.PERPLEXITY, Math.exp(nats))
            .with(
                Html.REFERENCE,
                String.format(
                    Locale.ROOT,
                    "tokens drawn by their frequencies in the training part: %.3f nats each",
                    nats));
    return setup.judge.unit().equals("characters")
        ? row.with(ModelColumns.BITS, nats / Math.log(2))
        : row;
  }

  /** What the generator makes for a cell. */
  private Samples made(Cell cell) {
    GenerationRequest request = request(cell);
    if (!warm) {
      // The first call of a process is slow for reasons of its own.
      setup.generator.generate(request.withSamples(1));
      warm = true;
    }
    return Samples.of(setup.generator, request);
  }

  private Row leftToRight(Cell cell) {
    AutoregressiveModel model = setup.baseline.orElseThrow();
    int length = Math.min(setup.length, model.causal().length());
    Samples made = Samples.leftToRight(model, length, setup.samples, cell.temperature, cell.seed);
    return row(cell, made)
        .with(Html.REFERENCE, "one token per step, left to right: " + model.name());
  }

  /** Measures samples. */
  private Row row(Cell cell, Samples made) {
    Row row =
        new Row()
            .with(ModelColumns.SAMPLER, cell.name)
            .with(ModelColumns.TEMPERATURE, cell.temperature)
            .with(ModelColumns.SEED, String.valueOf(cell.seed))
            .with(ModelColumns.STEPS, (long) (cell.steps == 0 ? made.steps() : cell.steps));
    texts(row, made.tokens(), made.texts());
    put(row, ModelColumns.EVALUATIONS, Estimate.of(made.evaluations()));
    row.with(ModelColumns.SHORT, made.cut());
    made.predictedKl().ifPresent(kl -> put(row, ModelColumns.PREDICTED, kl));
    row.with(ModelColumns.SECONDS, made.seconds())
        .with(ModelColumns.RATE, made.count() / made.seconds());
    return made.note().isEmpty() ? row : row.with(ModelColumns.NOTE, made.note());
  }

  private GenerationRequest request(Cell cell) {
    GenerationRequest request =
        GenerationRequest.unconditional()
            .withSamples(setup.samples)
            .withTemperature(cell.temperature)
            .withSeed(cell.seed);
    int longest = setup.generator.model().config().network().length();
    if (setup.length < longest) {
      request = request.withLength(setup.length);
    }
    if (cell.sampler.isPresent()) {
      request = request.withSampler(cell.sampler.get().choice());
    }
    return cell.steps == 0 ? request : request.withSteps(cell.steps);
  }

  /** Adds what is measured of texts. */
  private void texts(Row row, List<int[]> tokens, List<String> texts) {
    long empty = texts.stream().filter(String::isEmpty).count();
    row.with(ModelColumns.SAMPLES, (long) texts.size()).with(ModelColumns.EMPTY, empty);
    if (empty < texts.size()) {
      GenerativePerplexity judged = GenerativePerplexity.of(setup.judge, texts);
      putExp(row, ModelColumns.PERPLEXITY, judged.natsPerToken());
      put(row, ModelColumns.SEQUENCE_PERPLEXITY, judged.meanOfSequences());
      Estimate nats = judged.natsPerCharacter();
      double bit = Math.log(2);
      put(
          row,
          ModelColumns.BITS,
          new Estimate(nats.mean() / bit, nats.standardError() / bit, nats.count()));
      row.with(ModelColumns.JUDGED, judged.tokens())
          .with(ModelColumns.CHARACTERS, judged.characters());
    }
    mean(
        row,
        ModelColumns.ENTROPY,
        tokens.stream().mapToDouble(Diversity::unigramEntropy).toArray());
    for (int n = 1; n <= 3; n++) {
      int size = n;
      mean(
          row,
          ModelColumns.distinct(n),
          tokens.stream().mapToDouble(t -> Diversity.distinct(t, size)).toArray());
    }
    mean(
        row,
        ModelColumns.REPETITION,
        tokens.stream().mapToDouble(t -> Diversity.repetition(t, GRAM)).toArray());
    mean(row, ModelColumns.SHARED, Diversity.shared(tokens, GRAM));
  }

  /** Adds a mean over the sequences for which it is defined. */
  private static void mean(Row row, String key, double[] values) {
    double[] defined = Arrays.stream(values).filter(value -> !Double.isNaN(value)).toArray();
    if (defined.length > 0) {
      put(row, key, Estimate.of(defined));
    }
  }

  private Row scored(Row row, Cell cell) {
    if (scores == null) {
      scores = scores();
    }
    StepLikelihood.Score score = scores.get(cell.ofAnySeed());
    if (score != null) {
      put(row, ModelColumns.NLL, score.nats());
      put(row, ModelColumns.MEASURED, score.cost());
    }
    return row;
  }

  /** The likelihood of held-out text under every plan that has one, at temperature 1. */
  private Map<Cell, StepLikelihood.Score> scores() {
    Map<Cell, ScheduledPlan> plans = new LinkedHashMap<>();
    CurvePlanner planner =
        setup
            .generator
            .model()
            .planner()
            .filter(known -> known.curve().length() == setup.length)
            .orElse(null);
    for (Cell cell : cells) {
      if (cell.temperature == 1
          && cell.sampler.isPresent()
          && cell.sampler.get().choice() instanceof PlanChoice choice) {
        plan(choice, Math.max(1, cell.steps), planner)
            .ifPresent(plan -> plans.put(cell.ofAnySeed(), plan));
      }
    }
    Map<Cell, StepLikelihood.Score> found = new LinkedHashMap<>();
    if (plans.isEmpty() || setup.scored.isEmpty()) {
      return found;
    }
    Denoiser denoiser = setup.generator.model().denoiser();
    List<StepLikelihood.Score> all =
        StepLikelihood.of(denoiser, setup.scored, List.copyOf(plans.values()), setup.seeds.get(0));
    List<Cell> keys = List.copyOf(plans.keySet());
    for (int i = 0; i < keys.size(); i++) {
      found.put(keys.get(i), all.get(i));
    }
    return found;
  }

  /** The plan that the generator makes of a choice, if its places do not depend on values. */
  private Optional<ScheduledPlan> plan(
      PlanChoice choice, int steps, @Nullable CurvePlanner planner) {
    if ((choice.needsCurve() && planner == null)
        || choice.sampler().startsWith("dependence-bound")) {
      return Optional.empty();
    }
    CurvePlanner sizes =
        planner == null
            ? CurvePlanner.of(InformationCurve.exact(new double[setup.length]))
            : planner;
    RevealPlan plan =
        choice.of(
            setup.length,
            steps,
            sizes::forSteps,
            () -> {
              throw new IllegalStateException("only dependence-bound asks");
            });
    return plan instanceof ScheduledPlan scheduled ? Optional.of(scheduled) : Optional.empty();
  }

  @Override
  public List<Table> parts(Table table) {
    return ModelColumns.PARTS.entrySet().stream()
        .map(
            part ->
                new Table(
                    table.key(),
                    table.title() + ": " + part.getKey(),
                    table.columns().stream()
                        .filter(
                            column ->
                                ModelColumns.WHICH.contains(column.key())
                                    || part.getValue().contains(column.key()))
                        .toList(),
                    table.rows().stream()
                        .filter(
                            row ->
                                part.getValue().stream().anyMatch(key -> row.get(key).isPresent()))
                        .toList()))
        .toList();
  }

  @Override
  public Findings findings(List<Row> rows) {
    return new ModelFindings(setup, rows).findings();
  }
}
