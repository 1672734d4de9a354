package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelHash;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.info.LeaveOneOutProbe;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.engine.loss.LikelihoodEstimator;
import io.github.dllm4j.engine.loss.LikelihoodEstimator.Claim;
import io.github.dllm4j.engine.loss.Passage;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.eval.metrics.NgramBaseline;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm evaluate}: the likelihood of a text, or a bound on it. */
@Command(
    name = "evaluate",
    description =
        "The likelihood of a text, or a bound on it: nats per token, perplexity, bits per character.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class EvaluateCommand implements Callable<Integer> {
  private static final int PROBED = 16;
  private static final List<String> OF_MODELS =
      List.of(
          "--model",
          "--class",
          "--estimator",
          "--counts",
          "--plan",
          "--grid",
          "--blocks",
          "--length",
          "--stride",
          "--out",
          "--resume",
          "--seed",
          "--device",
          "--precision",
          "--threads");

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private ModelSelection selection;
  @Mixin private CorpusOptionsMixin corpusOptions;
  @Mixin private BlockOptions blockOptions;
  @Mixin private EstimatorOptions estimatorOptions;

  @Option(
      names = "--baseline",
      description =
          "ngram:N instead of a model: characters, trained on the other part of the text.")
  private Optional<String> baseline = Optional.empty();

  @Option(
      names = "--stride",
      description =
          "Every document in windows of --length tokens that move on by so many: each token counts"
              + " once, the tokens before it in its window are given. Without it, blocks that"
              + " ignore documents and have nothing before them.")
  private Optional<Integer> stride = Optional.empty();

  @Option(
      names = "--out",
      description = "Keep the result, every block's nats and their provenance in a JSON file.")
  private Optional<Path> out = Optional.empty();

  @Option(names = "--resume", description = "Go on with the file of --out.")
  private boolean resume;

  @Override
  public Integer call() throws IOException {
    estimatorOptions.check();
    blockOptions.check();
    out.ifPresent(file -> CommonOptions.requireFile("--out", file));
    if (baseline.isPresent()) {
      return evaluateBaseline(baseline.get());
    }
    if (resume && out.isEmpty()) {
      throw new IllegalArgumentException("--resume needs --out FILE");
    }
    try (Corpus corpus = corpusOptions.open();
        Model model = selection.open(common);
        TokenFile tokens = TokenFile.of(blockOptions.of(corpus), model.tokenizer())) {
      if (model.config().autoregressive()
          && spec.commandLine().getParseResult().hasMatchedOption("--seed")) {
        throw new IllegalArgumentException(
            "--seed is not for an autoregressive model, whose likelihood is exact");
      }
      int length = blockOptions.length(model);
      if (stride.orElse(1) < 1 || stride.orElse(1) > length) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "--stride must be 1 to %d, the tokens of a window, got %d",
                length,
                stride.get()));
      }
      Passages passages = blockOptions.passages(tokens, length, stride, 2);
      LikelihoodEstimator estimator =
          estimatorOptions.of(model, length, stride.isEmpty(), common.seed);
      Optional<EvaluationFile> file = Optional.empty();
      if (out.isPresent()) {
        Map<String, String> provenance = provenance(model, corpus, estimator, length);
        file = Optional.of(EvaluationFile.of(out.get(), resume, provenance, passages.count()));
      }
      LikelihoodBound bound = evaluate(estimator, passages, file);
      Evaluation evaluation =
          new Evaluation(
              bound,
              estimator.claim(),
              tokens.charactersPerToken(),
              estimator.description(),
              dependence(model, passages, length));
      if (file.isPresent()) {
        file.get().finish(evaluation.document());
      }
      print(evaluation);
    }
    return 0;
  }

  private static LikelihoodBound evaluate(
      LikelihoodEstimator estimator, Passages passages, Optional<EvaluationFile> file)
      throws IOException {
    int done = file.map(EvaluationFile::done).orElse(0);
    double[] nats = file.map(EvaluationFile::nats).orElse(new double[passages.count()]);
    int[] tokens = new int[nats.length];
    for (int i = 0; i < nats.length; i++) {
      Passage passage = passages.at(i);
      tokens[i] = passage.scored();
      if (i >= done) {
        nats[i] = estimator.nats(passage, i);
        if (file.isPresent()) {
          file.get().add(nats[i]);
        }
      }
    }
    return LikelihoodBound.of(nats, tokens);
  }

  /** All that the numbers depend on, and how the run began. */
  private Map<String, String> provenance(
      Model model, Corpus corpus, LikelihoodEstimator estimator, int length) throws IOException {
    Map<String, String> provenance = new LinkedHashMap<>();
    provenance.put("versions", PyTorch.versions());
    provenance.put(
        "command",
        "dllm evaluate " + String.join(" ", spec.commandLine().getParseResult().originalArgs()));
    provenance.put("model", model.name());
    provenance.put("model_sha256", ModelHash.of(model));
    provenance.put("tokenizer_sha256", model.tokenizer().sha256());
    if (estimatorOptions.usesInformation()) {
      provenance.put("information_sha256", ModelHash.ofInformation(model.name()).orElse("none"));
    }
    selection.label.ifPresent(label -> provenance.put("class", String.valueOf(label)));
    provenance.put("corpus", corpus.name());
    provenance.put("corpus_sha256", corpus.summary().sha256());
    provenance.put("part", blockOptions.part);
    if (!blockOptions.part.equals("all")) {
      provenance.put("validation_fraction", String.valueOf(blockOptions.heldOut()));
    }
    provenance.put("length", String.valueOf(length));
    stride.ifPresent(s -> provenance.put("stride", String.valueOf(s)));
    provenance.put("estimator", estimator.description());
    provenance.put("seed", String.valueOf(common.seed));
    provenance.put("device", common.device);
    provenance.put("precision", model.precision().label());
    return provenance;
  }

  private int evaluateBaseline(String name) throws IOException {
    if (!name.matches("ngram:\\d{1,2}")) {
      throw new IllegalArgumentException("--baseline must be ngram:N, got " + name);
    }
    for (String option : OF_MODELS) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new IllegalArgumentException(option + " is for models, not for --baseline");
      }
    }
    if (!blockOptions.part.equals("validation")) {
      throw new IllegalArgumentException("--baseline needs --part validation");
    }
    int order = Integer.parseInt(name.substring("ngram:".length()));
    try (Corpus corpus = corpusOptions.open()) {
      Split split = Split.of(corpus, blockOptions.heldOut());
      LikelihoodBound exact = NgramBaseline.evaluate(split, order);
      String estimator =
          String.format(Locale.ROOT, "modified Kneser-Ney %d-gram over characters, exact", order);
      print(new Evaluation(exact, Claim.EXACT, 1, estimator, OptionalDouble.empty()));
    }
    return 0;
  }

  /** How much a uniform head's laws depend on the token they must not see, at sigma 1. */
  private OptionalDouble dependence(Model model, Passages passages, int length) {
    if (model.config().autoregressive() || model.denoiser().mask().isPresent()) {
      return OptionalDouble.empty();
    }
    int[][] clean =
        IntStream.range(0, passages.count())
            .mapToObj(i -> passages.at(i).tokens())
            .filter(tokens -> tokens.length == length)
            .limit(PROBED)
            .toArray(int[][]::new);
    if (clean.length == 0) {
      return OptionalDouble.empty();
    }
    NoiseLevel[] levels = new NoiseLevel[clean.length];
    Arrays.fill(levels, NoiseLevel.unitRate(1));
    double[] weights = new double[clean.length];
    int symbols = model.denoiser().vocabulary();
    NoisyBatch noised = NoisyBatch.uniform(clean, levels, weights, symbols, common.seed, 0, 0);
    TokenBatch batch = TokenBatch.of(length, noised.noisy(), noised.sigmas());
    return OptionalDouble.of(LeaveOneOutProbe.measure(model.denoiser(), batch, common.seed).mean());
  }

  private void print(Evaluation evaluation) {
    spec.commandLine()
        .getOut()
        .println(common.json ? Json.text(evaluation.document()) : evaluation.text());
  }
}
