package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenBlocks;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.eval.metrics.NgramBaseline;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
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

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private ModelSelection selection;
  @Mixin private CorpusOptionsMixin corpusOptions;

  @Option(
      names = "--baseline",
      description =
          "ngram:N instead of a model: characters, trained on the other part of the text.")
  private Optional<String> baseline = Optional.empty();

  @Option(names = "--part", description = "all, train or validation, as training splits it (all).")
  private String part = "all";

  @Option(names = "--validation-fraction", description = "Of that split (0.05).")
  private Optional<Double> fraction = Optional.empty();

  @Option(
      names = "--counts",
      description = "Mask counts, or noise times, per block (16): more is less noise.")
  private int counts = 16;

  @Option(names = "--blocks", description = "At most so many blocks, spread evenly (all).")
  private Optional<Integer> most = Optional.empty();

  @Option(names = "--length", description = "Tokens per block (the model's length).")
  private Optional<Integer> length = Optional.empty();

  @Override
  public Integer call() throws IOException {
    if (counts < 1 || counts > 100_000) {
      throw new IllegalArgumentException("--counts must be 1 to 100,000, got " + counts);
    }
    if (most.orElse(1) < 1) {
      throw new IllegalArgumentException("--blocks must be at least 1, got " + most.orElse(1));
    }
    if (fraction.isPresent() && part.equals("all")) {
      throw new IllegalArgumentException("--validation-fraction needs --part train or validation");
    }
    if (baseline.isPresent()) {
      return evaluateBaseline(baseline.get());
    }
    try (Corpus corpus = corpusOptions.open();
        Model model = selection.open(common);
        TokenFile tokens = TokenFile.of(part(corpus), model.tokenizer())) {
      int longest = model.config().network().length();
      int d = length.orElse(longest);
      if (d < 1 || d > longest) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "--length must be 1 to %d, the model's, got %d", longest, d));
      }
      TokenBlocks blocks = new TokenBlocks(tokens, d, false);
      if (blocks.count() < 2) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT, "the text has %d tokens, two blocks need %d", tokens.size(), 2 * d));
      }
      LikelihoodBound bound =
          LikelihoodBound.estimate(model.denoiser(), spread(blocks), counts, BATCH, common.seed);
      report(
          bound,
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
    if (spec.commandLine().getParseResult().hasMatchedOption("--model")) {
      throw new IllegalArgumentException(
          "--baseline is instead of a model: give no --model with it");
    }
    if (!part.equals("validation")) {
      throw new IllegalArgumentException("--baseline needs --part validation");
    }
    int order = Integer.parseInt(name.substring("ngram:".length()));
    try (Corpus corpus = corpusOptions.open()) {
      Split split = Split.of(corpus, fraction.orElse(Split.DEFAULT_FRACTION));
      NgramBaseline.Result result = NgramBaseline.evaluate(split, order);
      report(
          new LikelihoodBound(
              result.natsPerCharacter(),
              result.standardError(),
              result.blocks(),
              result.characters()),
          1,
          String.format(Locale.ROOT, "modified Kneser-Ney %d-gram over characters, exact", order));
    }
    return 0;
  }

  private Corpus part(Corpus corpus) throws IOException {
    double share = fraction.orElse(Split.DEFAULT_FRACTION);
    return switch (part) {
      case "all" -> corpus;
      case "train" -> Split.of(corpus, share).train();
      case "validation" -> Split.of(corpus, share).validation();
      default ->
          throw new IllegalArgumentException(
              "--part must be all, train or validation, got " + part);
    };
  }

  private Iterator<int[]> spread(TokenBlocks blocks) {
    long count = Math.min(blocks.count(), most.orElse(Integer.MAX_VALUE));
    return java.util.stream.LongStream.range(0, count)
        .mapToObj(i -> blocks.block(i * blocks.count() / count))
        .iterator();
  }

  private void report(LikelihoodBound bound, double charactersPerToken, String estimator) {
    double bits = bound.natsPerToken() / charactersPerToken / Math.log(2);
    if (common.json) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("nats_per_token", bound.natsPerToken());
      document.put("standard_error", bound.standardError());
      document.put("perplexity", bound.perplexity());
      document.put("bits_per_character", bits);
      document.put("tokens", bound.tokens());
      document.put("estimator", estimator);
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
  }
}
