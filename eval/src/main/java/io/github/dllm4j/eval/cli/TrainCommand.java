package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.djl.InformationFile;
import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.djl.Trainer;
import io.github.dllm4j.engine.djl.TrainingRun;
import io.github.dllm4j.engine.djl.WeightType;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.Update;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm train}: a model directory from text. */
@Command(
    name = "train",
    description = "Trains a diffusion model on text.",
    mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
  private static final int INTERRUPTED = 130;
  private static final int UNIFORM_TIME_WIDTH = 64;

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private CorpusOptionsMixin corpusOptions;

  @Option(names = "--out", required = true, description = "The model directory to write.")
  private Path out;

  @Option(names = "--resume", description = "Go on from the directory's checkpoint.")
  private boolean resume;

  @Option(names = "--tokenizer", description = "A tokenizer.json, char, byte or bpe:N (bpe:2048).")
  private String tokenizer = "bpe:2048";

  @Option(names = "--process", description = "The noise: masking or uniform (masking).")
  private String process = "masking";

  @Option(
      names = "--objective",
      description =
          "elbo, score-entropy (the same for uniform noise), mask-predictor (masking) or"
              + " cross-entropy (uniform) (elbo).")
  private String objective = "elbo";

  @Option(
      names = "--plan-steps",
      description = "Steps of the balanced plan the mask-predictor objective is for.")
  private int planSteps;

  @Option(names = "--layers", description = "Blocks (6).")
  private int layers = 6;

  @Option(names = "--width", description = "Features per token (256).")
  private int width = 256;

  @Option(names = "--heads", description = "Attention heads (4).")
  private int heads = 4;

  @Option(
      names = "--time-width",
      description = "Features of the time condition, 0 for none (masking 0, uniform 64).")
  private Optional<Integer> timeWidth = Optional.empty();

  @Option(names = "--length", description = "Tokens per block (128).")
  private int length = 128;

  @Option(names = "--batch", description = "Blocks per forward pass (32).")
  private int batch = 32;

  @Option(names = "--accumulate", description = "Forward passes per optimiser step (1).")
  private int accumulate = 1;

  @Option(names = "--steps", description = "Optimiser steps.")
  private Optional<Integer> steps = Optional.empty();

  @Option(names = "--tokens", description = "Train on about so many tokens.")
  private Optional<Long> tokens = Optional.empty();

  @Option(names = "--minutes", description = "Train about so long (speed is measured first).")
  private Optional<Double> minutes = Optional.empty();

  @Option(names = "--optimizer", description = "muon or adamw (adamw).")
  private String optimizer = "adamw";

  @Option(names = "--learning-rate", description = "Peak (0.002).")
  private double learningRate = 2e-3;

  @Option(names = "--warmup", description = "Steps of linear warm-up (a twentieth, at most 200).")
  private Optional<Integer> warmup = Optional.empty();

  @Option(names = "--weight-decay", description = "Of matrices, decoupled (0.05).")
  private double weightDecay = 0.05;

  @Option(names = "--clip", description = "Largest global gradient norm (1).")
  private double clip = 1;

  @Option(names = "--dropout", description = "In both branches of a block (0).")
  private double dropout;

  @Option(names = "--ema", description = "Rate of the moving average of the weights (0.999).")
  private double ema = 0.999;

  @Option(names = "--validate-every", description = "Steps between validations (a tenth).")
  private Optional<Integer> validateEvery = Optional.empty();

  @Option(names = "--validation-fraction", description = "Last part held out (0.05).")
  private double validationFraction = Split.DEFAULT_FRACTION;

  @Option(names = "--store", description = "Type of the weights in the file: fp32, fp16, bf16.")
  private WeightType store = WeightType.FP32;

  @Option(names = "--curve-examples", description = "Held-out blocks behind information.json (64).")
  private int curveExamples = 64;

  private List<String> arguments = List.of();

  @Override
  public Integer call() throws IOException {
    arguments = spec.commandLine().getParseResult().originalArgs();
    if (resume) {
      if (!Files.exists(out.resolve("checkpoint.safetensors"))) {
        throw new IllegalArgumentException("--resume: no checkpoint in " + out);
      }
      TrainingSettings settings = TrainingSettings.read(out);
      return settings.restore(this).train(OptionalInt.of(settings.steps()));
    }
    if (Files.exists(out.resolve("checkpoint.safetensors"))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "--out %s already holds a run: give --resume or another folder", out));
    }
    return train(OptionalInt.empty());
  }

  /** Whether the command says more than where to resume. */
  boolean hasOwnSettings() {
    return !corpusOptions.sources.isEmpty();
  }

  /** Takes over what a command that only resumes still says itself. */
  void resumeFor(TrainCommand command) {
    resume = true;
    out = command.out;
    spec = command.spec;
    common.json = command.common.json;
    common.threads = command.common.threads;
    common.device = command.common.device;
  }

  void arguments(List<String> original) {
    arguments = original;
  }

  private int train(OptionalInt knownSteps) throws IOException {
    if (!process.equals("masking") && !process.equals("uniform")) {
      throw new IllegalArgumentException("--process must be masking or uniform, got " + process);
    }
    int budgets =
        (steps.isPresent() ? 1 : 0) + (tokens.isPresent() ? 1 : 0) + (minutes.isPresent() ? 1 : 0);
    if (budgets != 1) {
      throw new IllegalArgumentException(
          "give exactly one of --steps, --tokens and --minutes, got " + budgets);
    }
    common.applyThreads();
    createFolder();
    Path stored = out.resolve("tokenizer.json");
    try (Corpus corpus = corpusOptions.open()) {
      Split split = Split.of(corpus, validationFraction);
      try (Tokenizer tok = resume ? Tokenizers.load(stored) : tokenizer(corpus, split.train());
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
        int total =
            knownSteps.isPresent()
                ? knownSteps.getAsInt()
                : steps(tok, corpus, training, validation);
        TrainingRun run = run(tok, corpus, validation, total);
        if (!resume) {
          tok.save(stored);
          new TrainingSettings(arguments, total).write(out);
        }
        return train(run, data(training), data(validation), validation.charactersPerToken());
      }
    }
  }

  private void createFolder() throws IOException {
    try {
      Files.createDirectories(out);
    } catch (FileSystemException e) {
      throw new IOException(String.format(Locale.ROOT, "--out %s cannot be made a folder", out), e);
    }
  }

  /** The tokenizer asked for; a character one knows the held-out text's characters too. */
  private Tokenizer tokenizer(Corpus all, Corpus training) throws IOException {
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

  private TrainingRun run(Tokenizer tok, Corpus corpus, TokenFile validation, int total)
      throws IOException {
    boolean uniform = process.equals("uniform");
    int mask = mask(tok);
    TrainingConfig config =
        new TrainingConfig(
            Objective.of(objective),
            planSteps,
            total,
            batch,
            accumulate,
            Update.of(optimizer),
            learningRate,
            warmup.orElse(Math.min(200, total / 20)),
            weightDecay,
            clip,
            dropout,
            ema,
            validateEvery.orElse(Math.max(1, total / 10)),
            common.seed);
    return new TrainingRun(
        out,
        new NetworkShape(
            uniform ? mask : tok.vocabulary().size(),
            width,
            layers,
            heads,
            length,
            timeWidth.orElse(uniform ? UNIFORM_TIME_WIDTH : 0),
            false),
        uniform ? -1 : mask,
        config,
        common.precision().orElseGet(() -> PyTorch.fastest(common.device)),
        store,
        common.device,
        (int) Math.max(2, Math.min(128, validation.size() / length)),
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

  /**
   * The number of steps asked for; with --minutes, as many as a first measurement says will fit.
   */
  private int steps(Tokenizer tok, Corpus corpus, TokenFile training, TokenFile validation)
      throws IOException {
    long perStep = (long) batch * accumulate * length;
    if (steps.isPresent()) {
      return steps.get();
    } else if (tokens.isPresent()) {
      return Math.toIntExact(Math.max(1, tokens.get() / perStep));
    }
    double asked = minutes.orElseThrow();
    if (!(asked > 0 && asked <= 1e6)) {
      throw new IllegalArgumentException("--minutes must be above 0, got " + asked);
    }
    TrainingRun trial = run(tok, corpus, validation, 1_000_000_000);
    double rate = Trainer.stepsPerSecond(trial, data(training), Math.min(15, asked * 6));
    return (int) Math.max(1, asked * 60 * rate);
  }

  private int train(TrainingRun run, TokenData training, TokenData validation, double perToken)
      throws IOException {
    TrainingDisplay display =
        new TrainingDisplay(run, perToken, resume, spec.commandLine().getErr());
    boolean finished;
    try (Trainer trainer = new Trainer(run, resume);
        display) {
      display.begin(trainer.step());
      finished = trainer.train(training, validation, display);
      if (finished && process.equals("masking")) {
        display.note("estimating the information curve from " + curveExamples + " held-out blocks");
        InformationFile.of(trainer.curve(validation, curveExamples)).write(out);
      }
    }
    spec.commandLine().getOut().println(display.summary(common.json, finished));
    return finished ? 0 : INTERRUPTED;
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
