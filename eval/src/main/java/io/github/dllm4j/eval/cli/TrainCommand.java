package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.djl.InformationFile;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.djl.Trainer;
import io.github.dllm4j.engine.djl.TrainingRun;
import io.github.dllm4j.engine.djl.WeightType;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.tokenizer.AtomicFiles;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm train}: a model directory from text. */
@Command(
    name = "train",
    description = "Trains a diffusion model, or its autoregressive twin, on text.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class TrainCommand implements Callable<Integer> {
  private static final int INTERRUPTED = 130;
  private static final List<String> OF_THE_MODEL =
      List.of(
          "--tokenizer", "--process", "--layers", "--width", "--heads", "--time-width", "--length");

  private static final List<String> WITH_RESUME =
      List.of("--resume", "--out", "--json", "--threads", "--device");

  @Spec private CommandSpec spec;
  @Mixin CommonOptions common;
  @Mixin private CorpusOptionsMixin corpusOptions;
  @Mixin private NetworkOptions networkOptions;
  @Mixin private OptimizerOptions optimizerOptions;

  @Option(names = "--out", required = true, description = "The model directory to write.")
  private Path out;

  @Option(names = "--resume", description = "Go on from the directory's checkpoint.")
  private boolean resume;

  @Option(
      names = "--from",
      converter = Name.class,
      description = "Start from this model's weights, with its tokenizer, sizes and noise.")
  private Optional<String> from = Optional.empty();

  @Option(
      names = "--tokenizer",
      converter = Name.class,
      description = "A tokenizer.json, char, byte or bpe:N (bpe:2048).")
  private String tokenizer = "bpe:2048";

  @Option(
      names = "--process",
      description =
          "The noise: masking or uniform; or autoregressive, from left to right (masking).")
  private String process = "masking";

  @Option(names = "--validation-fraction", description = "Last part held out (0.05).")
  private double validationFraction = Split.DEFAULT_FRACTION;

  @Option(
      names = "--store",
      description = "Type of the weights in the file: fp32, fp16, bf16 (fp32).")
  private WeightType store = WeightType.FP32;

  @Option(names = "--curve-examples", description = "Held-out blocks behind information.json (64).")
  private Optional<Integer> curveExamples = Optional.empty();

  private List<String> arguments = List.of();
  private Optional<TrainingRun.Kind> kind = Optional.empty(); // of the model to start from

  @Override
  public Integer call() throws IOException {
    arguments = spec.commandLine().getParseResult().originalArgs();
    if (resume) {
      if (!Files.exists(out.resolve("checkpoint.safetensors"))) {
        throw new IllegalArgumentException("--resume: no checkpoint in " + out);
      }
      TrainingSettings settings = TrainingSettings.read(out);
      requireOnlyResumption(settings);
      return settings.restore(this).train(Optional.of(settings));
    }
    if (Files.exists(out.resolve("checkpoint.safetensors"))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "--out %s already holds a run: give --resume or another folder", out));
    }
    for (String file : List.of("config.json", "model.safetensors")) {
      if (Files.exists(out.resolve(file))) {
        throw new IllegalArgumentException(
            "--out " + out + " already holds a model, " + file + ": give another folder");
      }
    }
    if (!AtomicFiles.isReplaceable(out.resolve("tokenizer.json"))) {
      throw new IllegalArgumentException(
          "--out " + out + " holds tokenizer.json, which is no file: give another folder");
    }
    return train(Optional.empty());
  }

  /** Whether the command says more than where to resume. */
  boolean hasOwnSettings() {
    return !corpusOptions.sources.isEmpty();
  }

  /** A command that only resumes says nothing that the run has settled; another must agree. */
  private void requireOnlyResumption(TrainingSettings settings) {
    if (hasOwnSettings()) {
      requireAsBegun(settings);
      return;
    }
    for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
      String name = option.longestName();
      if (!WITH_RESUME.contains(name)) {
        throw new IllegalArgumentException(
            name + " is not for --resume: the run goes on as it began, in training.json");
      }
    }
  }

  /** What the checkpoint and the files beside it settle, and the run's fingerprint does not say. */
  private void requireAsBegun(TrainingSettings settings) {
    requireAsBegun("--validation-fraction", settings.validationFraction(), validationFraction);
    TrainCommand begun = settings.begun();
    Precision precision = settings.ofPrecision();
    requireAsBegun("--precision", precision, common.precision().orElse(precision));
    requireAsBegun("--from", begun.from, from.or(() -> begun.from));
    boolean named = spec.commandLine().getParseResult().hasMatchedOption("--tokenizer");
    requireAsBegun("--tokenizer", begun.tokenizer, named ? tokenizer : begun.tokenizer);
    optimizerOptions.requireOneBudget();
    requireAsBegun("the budget", begun.optimizerOptions.budget(), optimizerOptions.budget());
  }

  private static void requireAsBegun(String name, Object began, Object now) {
    if (!began.equals(now)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must be %s as the run began, got %s",
              name,
              shown(began),
              shown(now)));
    }
  }

  private static String shown(Object value) {
    Object inside =
        value instanceof Optional<?> some ? some.map(Object.class::cast).orElse("none") : value;
    return inside instanceof Precision precision ? precision.label() : inside.toString();
  }

  /**
   * Takes over what a command that only resumes still says itself.
   *
   * @param folder in which this command began
   */
  void resumeFor(TrainCommand command, Path folder) {
    corpusOptions.startFrom(folder);
    resume = true;
    out = command.out;
    spec = command.spec;
    common.json = command.common.json;
    common.threads = command.common.threads.or(() -> common.threads);
    if (command.spec.commandLine().getParseResult().hasMatchedOption("--device")) {
      common.device = command.common.device;
    }
  }

  void arguments(List<String> original) {
    arguments = original;
  }

  private int train(Optional<TrainingSettings> begun) throws IOException {
    if (!List.of("masking", "uniform", "autoregressive").contains(process)) {
      throw new IllegalArgumentException(
          "--process must be masking, uniform or autoregressive, got " + process);
    }
    optimizerOptions.requireOneBudget();
    if (curveExamples.orElse(2) < 2) {
      throw new IllegalArgumentException(
          "--curve-examples must be at least 2, got " + curveExamples.get());
    }
    if (from.isEmpty()) {
      return train(begun, Optional.empty());
    }
    for (String option : OF_THE_MODEL) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new IllegalArgumentException(option + " is not for --from: the model decides it");
      }
    }
    if (resume) { // the checkpoint has the weights
      kind = Optional.of(TrainingRun.Kind.ofCheckpoint(out));
      return train(begun, Optional.empty());
    }
    try (Model start = ModelSelection.open(from.get(), common)) {
      kind = Optional.of(TrainingRun.Kind.of(start));
      return train(begun, Optional.of(start));
    }
  }

  private int train(Optional<TrainingSettings> begun, Optional<Model> start) throws IOException {
    Optional<Path> there = nearest(out);
    common.applyThreads();
    try {
      createFolder();
      return trainThere(begun, start);
    } catch (IOException | RuntimeException e) {
      deleteIfEmpty(there);
      throw e;
    }
  }

  private int trainThere(Optional<TrainingSettings> begun, Optional<Model> start)
      throws IOException {
    Path stored = out.resolve("tokenizer.json");
    try (Corpus corpus = corpusOptions.open()) {
      Split split = Split.of(corpus, validationFraction);
      // Closing the tokenizer of the model to start from twice does no harm.
      try (Tokenizer tok =
              resume ? Tokenizers.load(stored) : tokenizer(start, corpus, split.train());
          TokenFile training = TokenFile.of(split.train(), tok);
          TokenFile validation = TokenFile.of(split.validation(), tok)) {
        spec.commandLine()
            .getErr()
            .printf(
                Locale.ROOT,
                "corpus %s: %,d characters; %,d tokens to train on, %,d held out (%.3f characters each)%n",
                corpus.name(),
                corpus.summary().characters(),
                training.size(),
                validation.size(),
                validation.charactersPerToken());
        Precision precision =
            begun
                .map(TrainingSettings::ofPrecision)
                .or(common::precision)
                .orElseGet(() -> PyTorch.fastest(common.device));
        TrainingRun trial = run(tok, precision, corpus, validation, TrainingConfig.MOST_STEPS);
        requireTwoBlocks(validation, trial.shape().length());
        int total =
            begun.isPresent()
                ? begun.get().steps()
                : steps(trial, trial.shape().length(), training);
        TrainingRun whole = run(tok, precision, corpus, validation, total);
        if (!resume) {
          tok.save(stored);
          TrainingSettings.here(arguments, total, precision.label(), validationFraction).write(out);
        }
        return train(
            whole, start, data(training), data(validation), validation.charactersPerToken());
      }
    }
  }

  /** A standard error needs two; said before anything is trained. */
  private static void requireTwoBlocks(TokenFile validation, int length) {
    if (validation.size() < 2L * length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the held-out text has %d tokens, two blocks of --length %d need %d",
              validation.size(),
              length,
              2 * length));
    }
  }

  private void createFolder() throws IOException {
    try {
      Files.createDirectories(out);
    } catch (FileSystemException e) {
      throw new IOException(String.format(Locale.ROOT, "--out %s cannot be made a folder", out), e);
    }
  }

  /** The nearest folder to a name that is there. */
  private static Optional<Path> nearest(Path name) {
    return Stream.iterate(name.toAbsolutePath().normalize(), Objects::nonNull, Path::getParent)
        .filter(Files::exists)
        .findFirst();
  }

  /** What is refused leaves nothing: no folder that was not there before. */
  private void deleteIfEmpty(Optional<Path> before) {
    try {
      for (Path at = out.toAbsolutePath().normalize();
          at != null && !Optional.of(at).equals(before);
          at = at.getParent()) {
        Files.deleteIfExists(at);
      }
    } catch (IOException e) {
      return; // there is something to keep, or nothing that could be made
    }
  }

  /**
   * The model's tokenizer if the run starts from one, else the one asked for; a character one knows
   * the held-out text's characters too.
   */
  private Tokenizer tokenizer(Optional<Model> start, Corpus all, Corpus training)
      throws IOException {
    if (start.isPresent()) {
      return start.get().tokenizer();
    }
    if (tokenizer.startsWith("bpe:")) {
      int size;
      try {
        size = Integer.parseInt(tokenizer.substring(4));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("--tokenizer bpe:N needs a number, got " + tokenizer, e);
      }
      return Corpora.train(training, Tokenizers.trainer(TokenizerKind.BPE, size));
    }
    if (tokenizer.equals("char") || tokenizer.equals("byte")) {
      return Corpora.train(all, Tokenizers.trainer(TokenizerKind.of(tokenizer)));
    }
    return Tokenizers.load(Path.of(tokenizer));
  }

  private TrainingRun run(
      Tokenizer tok, Precision precision, Corpus corpus, TokenFile validation, int total)
      throws IOException {
    int mask = kind.isPresent() ? kind.get().mask() : mask(tok);
    String trained = kind.map(TrainingRun.Kind::process).orElse(process);
    if (trained.equals("autoregressive") && curveExamples.isPresent()) {
      throw new IllegalArgumentException(
          "--curve-examples is not for an autoregressive model: it has no information curve");
    }
    boolean uniform = trained.equals("uniform");
    NetworkShape shape =
        kind.isPresent()
            ? kind.get().shape()
            : networkOptions.shape(uniform ? mask : tok.vocabulary().size(), trained);
    return new TrainingRun(
        out,
        shape,
        uniform ? -1 : mask,
        optimizerOptions.config(trained, total, common.seed),
        precision,
        store,
        common.device,
        (int) Math.max(2, Math.min(128, validation.size() / shape.length())),
        tok.sha256(),
        corpus.summary().sha256(),
        "dllm " + String.join(" ", arguments));
  }

  /** The id of MASK; uniform noise has no use for it, so there it must be the last id. */
  private int mask(Tokenizer tok) {
    int mask =
        tok.vocabulary()
            .mask()
            .orElseThrow(() -> new IllegalArgumentException("the tokenizer has no mask id"));
    if (process.equals("uniform") && mask != tok.vocabulary().size() - 1) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--process uniform needs a tokenizer whose mask is its last id, %d, got %d",
              tok.vocabulary().size() - 1,
              mask));
    }
    return mask;
  }

  /** The number of steps; where a time was given, as many as a first measurement says will fit. */
  private int steps(TrainingRun trial, int length, TokenFile training) throws IOException {
    Optional<Integer> steps = optimizerOptions.steps(length);
    if (steps.isPresent()) {
      return steps.get();
    }
    double asked = optimizerOptions.minutes();
    double rate = Trainer.stepsPerSecond(trial, data(training), Math.min(15, asked * 6));
    return optimizerOptions.stepsAt(rate);
  }

  private int train(
      TrainingRun run,
      Optional<Model> start,
      TokenData training,
      TokenData validation,
      double perToken)
      throws IOException {
    // Closed last: an interrupted process ends with it, and the summary is printed by then.
    try (TrainingDisplay display =
        new TrainingDisplay(run, perToken, resume, spec.commandLine().getErr())) {
      boolean finished = train(run, start, training, validation, display);
      spec.commandLine().getOut().println(display.summary(common.json, finished));
      return finished ? 0 : INTERRUPTED;
    }
  }

  /** Whether it came to its end. */
  private boolean train(
      TrainingRun run,
      Optional<Model> start,
      TokenData training,
      TokenData validation,
      TrainingDisplay display)
      throws IOException {
    try (Trainer trainer =
        start.isEmpty() ? new Trainer(run, resume) : Trainer.from(run, start.get())) {
      display.begin(trainer.step());
      boolean finished = trainer.train(training, validation, display);
      if (finished && !run.autoregressive()) {
        int examples = curveExamples.orElse(64);
        display.note("estimating the information curve from " + examples + " held-out blocks");
        if (run.mask() >= 0) {
          InformationFile.of(trainer.curve(validation, examples)).write(out);
        } else {
          trainer.decay(validation, examples).write(out);
        }
      }
      return finished;
    }
  }

  private static TokenData data(TokenFile file) {
    return new TokenData() {
      @Override
      public long size() {
        return file.size();
      }

      @Override
      public void read(long offset, int[] into) {
        file.read(offset, into);
      }
    };
  }
}
