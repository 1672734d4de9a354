package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.djl.DecayFile;
import io.github.dllm4j.engine.djl.InformationFile;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.info.BlockCurve;
import io.github.dllm4j.engine.info.ConditionalCurve;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm plan}: how many steps a sample needs and what they cost. */
@Command(
    name = "plan",
    description = "How much tokens depend on each other, and what 1, 2, 4 and so on steps cost.",
    footer = {
      "",
      "Theorem 4 is Li and Cai's bound for balanced sizes (arXiv 2505.21400).",
      Distributions.HELP,
      Distributions.JSON_HELP
    },
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class PlanCommand implements Callable<Integer> {
  private static final int BATCH = 32;
  private static final int OWN_SAMPLES = 16;
  private static final int OWN_NODES = 33;

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private ModelSelection selection;
  @Mixin private CorpusOptionsMixin corpusOptions;
  @Mixin private BlockOptions blockOptions;

  @Option(
      names = "--distribution",
      description = "A known law instead of a model, as in exact: a name or a JSON file.")
  private Optional<String> distribution = Optional.empty();

  @Option(names = "--process", description = "Of --distribution: masking or uniform (masking).")
  private String process = "masking";

  @Option(names = "--steps", description = "The plan of so many steps (powers of two).")
  private Optional<Integer> steps = Optional.empty();

  @Option(names = "--epsilon", description = "The fewest steps within so many nats per sequence.")
  private Optional<Double> epsilon = Optional.empty();

  @Option(
      names = "--nodes",
      description = "Places where the curve is measured, at most (33); lines between them.")
  private Optional<Integer> nodes = Optional.empty();

  @Option(
      names = "--standard-error",
      description = "Read as few blocks as the entropy's standard error needs to be this, nats.")
  private Optional<Double> standardError = Optional.empty();

  @Option(
      names = "--check",
      description =
          "Measure what the plans cost and compare; a model's curve is then of every other block.")
  private boolean check;

  @Option(names = "--save", description = "Write the model's information.json from the corpus.")
  private boolean save;

  @Option(names = "--plot", description = "Write a PNG: the curve with its band, cost by steps.")
  private Optional<Path> plot = Optional.empty();

  @Override
  public Integer call() throws IOException {
    check();
    if (distribution.isPresent()) {
      ExactLaw law = Distributions.of(distribution.get());
      if (process.equals("uniform")) {
        requireUniformSteps();
        print(ReversePlanReport.of(law));
      } else {
        PlanReport report = ofLaw(law);
        print(report, plans -> PlanCheck.of(law, report.planner(), plans, words(), common.seed));
      }
      return 0;
    }
    // What is measured anew need not be sound before.
    try (Model model = selection.open(common, !save)) {
      if (model.denoiser() instanceof BlockDenoiser blocks) {
        printBlocks(model, blocks);
        return 0;
      }
      if (model.denoiser().mask().isPresent()) {
        printMasked(model);
      } else {
        print(ofUniform(model));
      }
    }
    return 0;
  }

  /** Before anything is measured. */
  private void requireSteps(int length) {
    if (steps.orElse(1) > length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "--steps must be 1 to %d, the length, got %d", length, steps.get()));
    }
  }

  private void printMasked(Model model) throws IOException {
    requireSteps(blockOptions.length(model));
    if (corpusOptions.sources.isEmpty()) {
      print(
          ofModel(model),
          plans -> {
            throw new IllegalStateException("--check needs --corpus");
          });
      return;
    }
    try (Corpus corpus = corpusOptions.open();
        TokenFile tokens = TokenFile.of(blockOptions.of(corpus), model.tokenizer())) {
      int length = blockOptions.length(model);
      List<int[]> blocks = new ArrayList<>();
      blockOptions.of(tokens, length, check ? 16 : 8).forEachRemaining(blocks::add);
      PlanReport report = ofBlocks(model, every(blocks, 0), length);
      print(
          report,
          plans ->
              PlanCheck.of(
                  model.denoiser(),
                  every(blocks, 1).iterator(),
                  report.planner(),
                  plans,
                  BATCH,
                  common.seed));
    }
  }

  /** The curve of a block of a model that writes block after block. */
  private void printBlocks(Model model, BlockDenoiser denoiser) throws IOException {
    for (String option : List.of("--check", "--standard-error")) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new IllegalArgumentException(
            option + " is for models that see the whole text; this one writes block after block");
      }
    }
    int size = denoiser.blocks().length();
    requireSteps(size);
    CurveStudy study;
    if (corpusOptions.sources.isEmpty()) {
      study =
          model
              .information()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "this model writes block after block and has no information.json: plan needs"
                              + " --corpus"));
    } else {
      try (Corpus corpus = corpusOptions.open();
          TokenFile tokens = TokenFile.of(blockOptions.of(corpus), model.tokenizer())) {
        int length = blockOptions.length(model);
        if (save) {
          requireOwnLength(model, length);
        }
        study =
            BlockCurve.of(
                denoiser,
                blockOptions.of(tokens, length, 8),
                CurveNodes.spread(size, nodes.orElse(CurveStudy.DEFAULT_NODES)),
                BATCH,
                common.seed);
      }
      if (save) {
        InformationFile.of(study).write(Path.of(selection.model));
      }
    }
    print(
        PlanReport.ofBlocks(study, common.seed),
        plans -> {
          throw new IllegalStateException("nothing is checked");
        });
  }

  /** All blocks, or to check every other one from the first or the second. */
  private List<int[]> every(List<int[]> blocks, int first) {
    return IntStream.range(0, blocks.size())
        .filter(i -> !check || i % 2 == first)
        .mapToObj(blocks::get)
        .toList();
  }

  private void print(PlanReport report, Function<List<SizePlan>, PlanCheck> checker)
      throws IOException {
    List<SizePlan> plans = plans(report.planner());
    Map<String, Object> document = report.document(plans);
    String text = report.text(plans);
    if (check) {
      PlanCheck checked = checker.apply(plans);
      document.put("check", checked.document());
      text += System.lineSeparator() + checked.text();
    }
    spec.commandLine().getOut().println(common.json ? Json.text(document) : text);
    if (plot.isPresent()) {
      report.plot(plot.get());
    }
  }

  private void requireUniformSteps() {
    if (steps.orElse(1) > ReversePlanner.CANDIDATES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--steps must be 1 to %d of uniform noise, got %d",
              ReversePlanner.CANDIDATES,
              steps.get()));
    }
  }

  private void print(ReversePlanReport report) {
    List<TimeGrid> plans = report.plans(steps, epsilon);
    PrintWriter out = spec.commandLine().getOut();
    out.println(common.json ? Json.text(report.document(plans)) : report.text(plans));
  }

  private void check() {
    blockOptions.check();
    plot.ifPresent(file -> CommonOptions.requireFile("--plot", file));
    if (steps.isPresent() && epsilon.isPresent()) {
      throw new IllegalArgumentException("give --steps or --epsilon, not both");
    }
    if (steps.orElse(1) < 1) {
      throw new IllegalArgumentException("--steps must be at least 1, got " + steps.get());
    }
    if (!(epsilon.orElse(0.0) >= 0)) {
      throw new IllegalArgumentException("--epsilon must be at least 0, got " + epsilon.get());
    }
    if (nodes.orElse(2) < 2) {
      throw new IllegalArgumentException("--nodes must be at least 2, got " + nodes.get());
    }
    if (nodes.isPresent() && standardError.isPresent()) {
      throw new IllegalArgumentException("give --nodes or --standard-error, not both");
    }
    if (!(standardError.orElse(1.0) > 0)) {
      throw new IllegalArgumentException(
          "--standard-error must be above 0, got " + standardError.get());
    }
    if (!process.equals("masking") && !process.equals("uniform")) {
      throw new IllegalArgumentException("--process must be masking or uniform, got " + process);
    }
    boolean hasCorpus = !corpusOptions.sources.isEmpty();
    if (distribution.isPresent()) {
      for (String option :
          List.of(
              "--model",
              "--class",
              "--corpus",
              "--field",
              "--text8",
              "--part",
              "--validation-fraction",
              "--length",
              "--save",
              "--device",
              "--precision",
              "--threads")) {
        if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
          throw new IllegalArgumentException(option + " is not for --distribution");
        }
      }
      if (process.equals("uniform")) {
        refuseForUniform("--blocks", "--nodes", "--standard-error", "--plot", "--check");
      }
    } else if (spec.commandLine().getParseResult().hasMatchedOption("--process")) {
      throw new IllegalArgumentException("--process is for --distribution; a model has its own");
    } else if (!hasCorpus) {
      for (String option :
          List.of(
              "--field",
              "--text8",
              "--part",
              "--blocks",
              "--length",
              "--nodes",
              "--standard-error",
              "--save",
              "--check")) {
        if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
          throw new IllegalArgumentException(option + " needs --corpus");
        }
      }
    }
    if (save && selection.label.isPresent()) {
      throw new IllegalArgumentException(
          "--class is not for --save: information.json is about the model without a class");
    }
    if (save && selection.model.equals(Model.BUNDLED)) {
      throw new IllegalArgumentException(
          "--save needs --model DIR: the bundled one is not written");
    }
  }

  private void refuseForUniform(String... options) {
    for (String option : options) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new IllegalArgumentException(option + " is not for this plan of uniform noise");
      }
    }
  }

  /** The exact curve, or one measured on the law's own words where there is no formula. */
  private PlanReport ofLaw(ExactLaw law) {
    Optional<InformationCurve> curve = law.curve();
    if (curve.isPresent()
        && nodes.isEmpty()
        && standardError.isEmpty()
        && blockOptions.most.isEmpty()) {
      return PlanReport.exact(curve.get());
    }
    Iterator<int[]> words =
        IntStream.range(0, words()).mapToObj(i -> law.sample(common.seed, i)).iterator();
    CurveStudy study = study(new OracleDenoiser(law), words, law.length());
    // The oracle's laws are exact, so its entropies are unbiased and vary least.
    return PlanReport.measured(study.entropy(), Optional.of(study), common.seed);
  }

  /** How many words of a law stand in for blocks of text. */
  private int words() {
    return blockOptions.most.orElse(400);
  }

  private CurveStudy study(
      io.github.dllm4j.engine.denoise.Denoiser denoiser, Iterator<int[]> blocks, int length) {
    return standardError.isPresent()
        ? CurveStudy.toStandardError(
            denoiser, blocks, length, standardError.get(), BATCH, common.seed)
        : CurveStudy.of(
            denoiser,
            blocks,
            CurveNodes.spread(length, nodes.orElse(CurveStudy.DEFAULT_NODES)),
            BATCH,
            common.seed);
  }

  private PlanReport ofModel(Model model) {
    if (model.information().isPresent()) {
      return PlanReport.measured(model.information().get(), common.seed);
    }
    int length = model.config().network().length();
    CurveSample own =
        ConditionalCurve.of(
            model.denoiser(),
            Canvas.blank(length, model.config().mask()),
            CurveNodes.spread(length, OWN_NODES),
            OWN_SAMPLES,
            common.seed);
    return PlanReport.measured(own, Optional.empty(), common.seed);
  }

  private ReversePlanReport ofUniform(Model model) throws IOException {
    refuseForUniform("--standard-error", "--plot", "--check");
    requireUniformSteps();
    if (corpusOptions.sources.isEmpty()) {
      return ReversePlanReport.of(
          model
              .decay()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "this model has no information.json, or none for a class: plan needs"
                              + " --corpus")),
          0);
    }
    try (Corpus corpus = corpusOptions.open();
        TokenFile tokens = TokenFile.of(blockOptions.of(corpus), model.tokenizer())) {
      int length = blockOptions.length(model);
      int levels = nodes.orElse(CurveStudy.DEFAULT_NODES);
      if (save) {
        requireOwnLength(model, length);
      }
      DecayFile measured =
          DecayFile.measured(
              model.denoiser(),
              blockOptions.of(tokens, length, 4),
              length,
              levels,
              BATCH,
              common.seed);
      if (save) {
        measured.write(Path.of(selection.model));
      }
      return ReversePlanReport.of(measured.sample(), measured.evaluations());
    }
  }

  private static void requireOwnLength(Model model, int length) {
    if (length != model.config().network().length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--save needs the model's own length %d, got --length %d",
              model.config().network().length(),
              length));
    }
  }

  private PlanReport ofBlocks(Model model, List<int[]> blocks, int length) throws IOException {
    if (save) {
      requireOwnLength(model, length);
    }
    CurveStudy study = study(model.denoiser(), blocks.iterator(), length);
    if (save) {
      InformationFile.of(study).write(Path.of(selection.model));
    }
    return PlanReport.measured(study, common.seed);
  }

  private List<SizePlan> plans(CurvePlanner planner) {
    int length = planner.curve().length();
    if (steps.isPresent()) {
      requireSteps(length);
      return List.of(planner.forSteps(steps.get()));
    } else if (epsilon.isPresent()) {
      return List.of(planner.forBudget(epsilon.get()));
    }
    return Stream.iterate(1, n -> n <= length, n -> 2 * n).map(n -> planner.forSteps(n)).toList();
  }
}
