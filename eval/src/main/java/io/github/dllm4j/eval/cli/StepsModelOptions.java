package io.github.dllm4j.eval.cli;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenBlocks;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.djl.AutoregressiveModel;
import io.github.dllm4j.engine.djl.Family;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelHash;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.eval.metrics.CausalJudge;
import io.github.dllm4j.eval.metrics.Judge;
import io.github.dllm4j.eval.metrics.NgramJudge;
import io.github.dllm4j.eval.steps.ModelStudy;
import io.github.dllm4j.eval.steps.SamplerSpec;
import io.github.dllm4j.eval.steps.Study;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What {@code dllm steps} needs to measure a model. */
final class StepsModelOptions {
  /** Names of all options here and in what is mixed in: a known law takes none of them. */
  static final List<String> NAMES =
      List.of(
          "--model",
          "--class",
          "--corpus",
          "--field",
          "--text8",
          "--samples",
          "--seeds",
          "--seed",
          "--temperature",
          "--judge",
          "--baseline",
          "--validation-fraction",
          "--length",
          "--blocks",
          "--device",
          "--precision",
          "--threads");

  private static final String NGRAM = "ngram";
  private static final int ORDER = 6;
  private static final int MOST = 100_000;

  @Mixin private ModelSelection selection;
  @Mixin private CorpusOptionsMixin corpusOptions;

  @Option(
      names = "--samples",
      description = "Sequences per sampler, steps, temperature, seed (64).")
  private int samples = 64;

  @Option(names = "--seeds", split = ",", description = "Seeds of the samples (--seed).")
  private List<Long> seeds = List.of();

  @Option(
      names = "--temperature",
      split = ",",
      description =
          "Temperatures of the samples (1): all steps at the first, the most steps at the others, which"
              + " draw the entropy-perplexity frontier.")
  private List<Double> temperatures = List.of(1.0);

  @Option(
      names = "--judge",
      converter = Name.class,
      description =
          "ngram[:N], characters, trained on the training part of the corpus, or the folder of an"
              + " autoregressive model or a GPT-2 (ngram:6).")
  private String judge = NGRAM;

  @Option(
      names = "--baseline",
      converter = Name.class,
      description = "An autoregressive model or GPT-2 to sample from (the judge, if it is one).")
  private Optional<String> baseline = Optional.empty();

  @Option(
      names = "--validation-fraction",
      description = "The held-out end of the corpus, as training splits it (0.05).")
  private double fraction = Split.DEFAULT_FRACTION;

  @Option(names = "--length", description = "Tokens per sequence (the model's length).")
  private Optional<Integer> length = Optional.empty();

  @Option(
      names = "--blocks",
      description =
          "Held-out sequences for the likelihood of samplers of masking models; 0 for none (16).")
  private Optional<Integer> given = Optional.empty();

  private int blocks = 16;

  /** Takes a study, whose sources are open until it returns. */
  interface Use {
    void of(Study study) throws IOException;
  }

  /** Opens all that is needed, says what it is in the settings, and hands over the study. */
  void with(
      CommonOptions common,
      List<String> samplers,
      List<Integer> steps,
      Map<String, String> settings,
      Use use)
      throws IOException {
    check(common);
    try (Corpus corpus = corpusOptions.open();
        TextGenerator generator = TextGenerator.of(selection.open(common))) {
      Model model = generator.model();
      requireNoJudge(model);
      if (given.isPresent() && model.denoiser().mask().isEmpty()) {
        throw new IllegalArgumentException(
            "--blocks is for masking models: the likelihood of a sampler of uniform noise is not"
                + " measured here (evaluate --estimator steps:N)");
      }
      if (model.blocks().isPresent()) {
        if (given.isPresent() && blocks > 0) {
          throw new IllegalArgumentException(
              "--blocks is for models that see the whole text: the likelihood of a sampler that"
                  + " writes block after block is not measured here (evaluate --estimator chain-rule)");
        }
        blocks = 0;
      }
      List<SamplerSpec> specs =
          SamplerSpec.parse(samplers, model.config().process().equals("uniform"));
      settings.put("model", selection.model);
      settings.put("model_sha256", ModelHash.ofWeights(selection.model));
      // The curve that plans are chosen and priced by.
      settings.put("information_sha256", ModelHash.ofInformation(selection.model).orElse("none"));
      if (model.family() != Family.DLLM4J) {
        settings.put("tokenizer_sha256", model.tokenizer().sha256());
      }
      selection.label.ifPresent(label -> settings.put("class", String.valueOf(label)));
      settings.put("precision", model.precision().label());
      settings.put("device", common.device);
      settings.put("corpus", corpus.name());
      settings.put("corpus_sha256", corpus.summary().sha256());
      settings.put("validation_fraction", String.valueOf(fraction));
      settings.put("judge", judge.equals(NGRAM) ? NGRAM + ":" + ORDER : judge);
      settings.put("baseline", baseline.orElse("none"));
      settings.put("samples", String.valueOf(samples));
      settings.put("seeds", joined(seeds));
      settings.put("temperatures", joined(temperatures));
      settings.put("blocks", String.valueOf(blocks));
      Split split = Split.of(corpus, fraction);
      try (TokenFile heldOut = TokenFile.of(split.validation(), model.tokenizer());
          Others others = others(common, split.train(), settings)) {
        int d = BlockOptions.length(model, length);
        settings.put("length", String.valueOf(d));
        use.of(
            new ModelStudy(
                new ModelStudy.Setup(
                    generator,
                    specs,
                    steps,
                    samples,
                    seeds,
                    temperatures,
                    d,
                    others.judge,
                    spread(heldOut, d, samples, 0),
                    model.denoiser().mask().isPresent() && blocks > 0
                        ? spread(heldOut, d, blocks, 1)
                        : List.of(),
                    others.baseline)));
      }
    }
  }

  private static String joined(List<?> values) {
    return values.stream().map(String::valueOf).collect(Collectors.joining(","));
  }

  private void check(CommonOptions common) {
    if (samples < 2 || samples > MOST) {
      throw new IllegalArgumentException("--samples must be 2 to 100,000, got " + samples);
    }
    blocks = given.orElse(blocks);
    if (blocks != 0 && (blocks < 2 || blocks > MOST)) {
      throw new IllegalArgumentException("--blocks must be 0, or 2 to 100,000, got " + blocks);
    }
    if (!seeds.isEmpty() && common.seed != 0) {
      throw new IllegalArgumentException("give --seed or --seeds, not both");
    }
    seeds = seeds.isEmpty() ? List.of(common.seed) : seeds;
    if (seeds.stream().distinct().count() < seeds.size()) {
      throw new IllegalArgumentException("--seeds must differ, got " + joined(seeds));
    }
    if (temperatures.stream().distinct().count() < temperatures.size()) {
      throw new IllegalArgumentException("--temperature must differ, got " + joined(temperatures));
    }
    for (double temperature : temperatures) {
      if (!(temperature > 0 && temperature <= 1000)) {
        throw new IllegalArgumentException(
            "--temperature must be above 0, at most 1000, got " + temperature);
      }
    }
    if (judge.startsWith(NGRAM + ":") && !judge.matches("ngram:([1-9]|1[0-6])")) {
      throw new IllegalArgumentException("--judge ngram:N needs N from 1 to 16, got " + judge);
    }
  }

  private static void requireNoJudge(Model model) {
    if (model.config().autoregressive()) {
      throw new IllegalArgumentException(
          "--model must denoise: an autoregressive one has no steps, give it as --baseline");
    }
  }

  /** At most so many blocks of the held-out text, spread evenly over it. */
  private static List<int[]> spread(TokenFile tokens, int d, int most, int least) {
    TokenBlocks all = new TokenBlocks(tokens, d, false);
    if (all.count() < Math.max(1, least)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "the held-out text has %d tokens, a sequence %d", tokens.size(), d));
    }
    long count = Math.min(all.count(), most);
    return LongStream.range(0, count)
        .mapToObj(i -> all.block((i * all.count() + all.count() / 2) / count))
        .toList();
  }

  /** The judge, and the autoregressive model to sample from. */
  private record Others(
      Judge judge, Optional<AutoregressiveModel> baseline, List<AutoregressiveModel> open)
      implements AutoCloseable {

    @Override
    public void close() {
      open.forEach(AutoregressiveModel::close);
    }
  }

  private Others others(CommonOptions common, Corpus training, Map<String, String> settings)
      throws IOException {
    List<AutoregressiveModel> open = new ArrayList<>();
    try {
      if (baseline.isPresent()) {
        open.add(autoregressive(baseline.get(), common));
        settings.put("baseline_sha256", ModelHash.ofWeights(baseline.get()));
      }
      if (judge.equals(NGRAM) || judge.startsWith(NGRAM + ":")) {
        int order = judge.equals(NGRAM) ? ORDER : Integer.parseInt(judge.substring(6));
        return new Others(NgramJudge.of(training, order), open.stream().findFirst(), open);
      }
      if (!baseline.equals(Optional.of(judge))) {
        open.add(autoregressive(judge, common));
      }
      settings.put("judge_sha256", ModelHash.ofWeights(judge));
      AutoregressiveModel judging = open.get(open.size() - 1);
      return new Others(
          CausalJudge.of(
              judging.family() + " " + judging.name(),
              judging.causal(),
              judging.tokenizer(),
              training),
          open.stream().findFirst(),
          open);
    } catch (IOException | RuntimeException e) {
      open.forEach(AutoregressiveModel::close);
      throw e;
    }
  }

  private static AutoregressiveModel autoregressive(String folder, CommonOptions common)
      throws IOException {
    return AutoregressiveModel.open(
        Path.of(folder), new ModelOptions(common.device, common.precision()));
  }
}
