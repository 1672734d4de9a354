package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.info.LeaveOneOutProbe;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.eval.metrics.NgramBaseline;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm evaluate}: the bound on a text's likelihood. */
@Command(
    name = "evaluate",
    description =
        "Bounds the likelihood of a text: nats per token, perplexity, bits per character.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class EvaluateCommand implements Callable<Integer> {
  private static final int BATCH = 32;
  private static final int PROBED = 16;
  private static final List<String> OF_MODELS =
      List.of(
          "--model",
          "--class",
          "--counts",
          "--blocks",
          "--length",
          "--seed",
          "--device",
          "--precision",
          "--threads");

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private ModelSelection selection;
  @Mixin private CorpusOptionsMixin corpusOptions;
  @Mixin private BlockOptions blockOptions;

  @Option(
      names = "--baseline",
      description =
          "ngram:N instead of a model: characters, trained on the other part of the text.")
  private Optional<String> baseline = Optional.empty();

  @Option(
      names = "--counts",
      description = "Mask counts, or noise times, per block (16): more is less noise.")
  private int counts = 16;

  @Override
  public Integer call() throws IOException {
    if (counts < 1 || counts > 100_000) {
      throw new IllegalArgumentException("--counts must be 1 to 100,000, got " + counts);
    }
    blockOptions.check();
    if (baseline.isPresent()) {
      return evaluateBaseline(baseline.get());
    }
    try (Corpus corpus = corpusOptions.open();
        Model model = selection.open(common);
        TokenFile tokens = TokenFile.of(blockOptions.of(corpus), model.tokenizer())) {
      LikelihoodBound bound =
          LikelihoodBound.estimate(
              model.denoiser(),
              blockOptions.of(tokens, blockOptions.length(model), 2),
              counts,
              BATCH,
              common.seed);
      Optional<Double> dependence =
          model.denoiser().mask().isPresent()
              ? Optional.empty()
              : Optional.of(
                  dependence(model, blockOptions.of(tokens, blockOptions.length(model), 2)));
      report(
          bound,
          dependence,
          tokens.charactersPerToken(),
          String.format(
              Locale.ROOT,
              model.denoiser().mask().isPresent()
                  ? "NELBO by %d systematic mask counts per block"
                  : "NELBO by %d systematic noise times per block, prior and reconstruction",
              counts));
    }
    return 0;
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
      NgramBaseline.Result result = NgramBaseline.evaluate(split, order);
      report(
          new LikelihoodBound(
              result.natsPerCharacter(),
              result.standardError(),
              result.blocks(),
              result.characters()),
          Optional.empty(),
          1,
          String.format(Locale.ROOT, "modified Kneser-Ney %d-gram over characters, exact", order));
    }
    return 0;
  }

  /** How much a uniform head's laws depend on the token they must not see, at sigma 1. */
  private double dependence(Model model, Iterator<int[]> blocks) {
    List<int[]> some = new ArrayList<>();
    while (blocks.hasNext() && some.size() < PROBED) {
      some.add(blocks.next());
    }
    int[][] clean = some.toArray(int[][]::new);
    NoiseLevel[] levels = new NoiseLevel[clean.length];
    Arrays.fill(levels, NoiseLevel.unitRate(1));
    double[] weights = new double[clean.length];
    int symbols = model.denoiser().vocabulary();
    NoisyBatch noised = NoisyBatch.uniform(clean, levels, weights, symbols, common.seed, 0, 0);
    TokenBatch batch = TokenBatch.of(clean[0].length, noised.noisy(), noised.sigmas());
    return LeaveOneOutProbe.measure(model.denoiser(), batch, common.seed).mean();
  }

  private void report(
      LikelihoodBound bound,
      Optional<Double> dependence,
      double charactersPerToken,
      String estimator) {
    double bits = bound.natsPerToken() / charactersPerToken / Math.log(2);
    if (common.json) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("nats_per_token", bound.natsPerToken());
      document.put("standard_error", bound.standardError());
      document.put("perplexity", bound.perplexity());
      document.put("bits_per_character", bits);
      document.put("tokens", bound.tokens());
      document.put("estimator", estimator);
      dependence.ifPresent(mean -> document.put("leave_one_out_dependence", mean));
      spec.commandLine().getOut().println(Json.text(document));
      return;
    }
    spec.commandLine()
        .getOut()
        .printf(
            Locale.ROOT,
            "%.4f +- %.4f nats/token (perplexity at most %.2f), %.4f +- %.4f bits/character, %,d tokens%n",
            bound.natsPerToken(),
            bound.standardError(),
            bound.perplexity(),
            bits,
            bits * bound.standardError() / bound.natsPerToken(),
            bound.tokens());
    dependence.ifPresent(
        mean ->
            spec.commandLine()
                .getOut()
                .printf(
                    Locale.ROOT,
                    "leave-one-out laws depend on their own token by %.4f (mean total variation, 0 is right)%n",
                    mean));
  }
}
