package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Benchmark;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.djl.NetworkShape;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.train.Update;
import io.github.dllm4j.eval.bench.BenchSettings;
import io.github.dllm4j.eval.bench.Growth;
import io.github.dllm4j.eval.bench.Speeds;
import io.github.dllm4j.eval.bench.StepCost;
import io.github.dllm4j.eval.bench.WhereFirst;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm bench}: how fast the engine is on this machine, and how near to its limit. */
@Command(
    name = "bench",
    description = "Measures the engine on this machine against its matrix-product peak.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class BenchCommand implements Callable<Integer> {
  /** What can be measured alone. */
  enum Section {
    /** Peak, forward passes, training steps, sampling steps. */
    NETWORK,
    /** Sampling steps of a model. */
    MODEL,
    /** Where before what against all logits at every step. */
    WHERE,
    /** Starting. */
    START,
    /** Cost against sizes. */
    GROWTH
  }

  /** Those that measure a network of the sizes that are asked for. */
  private static final Set<Section> OF_SIZES =
      EnumSet.of(Section.NETWORK, Section.WHERE, Section.GROWTH);

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;

  @Option(
      names = "--section",
      split = ",",
      description =
          "Any of network, model, where, start and growth (all; growth if there is --out).")
  private List<Section> sections = new ArrayList<>();

  @Option(
      names = "--model",
      converter = Name.class,
      description = "Model of the section model, whose sizes the others take, too (bundled).")
  private Optional<String> model = Optional.empty();

  @Option(names = "--width", description = "Features per token (512).")
  private int width = 512;

  @Option(names = "--layers", description = "Blocks (8).")
  private int layers = 8;

  @Option(names = "--heads", description = "Attention heads (8).")
  private int heads = 8;

  @Option(names = "--length", description = "Tokens of a sequence (256).")
  private int length = 256;

  @Option(names = "--vocabulary", description = "Ids, MASK among them (32000).")
  private int vocabulary = 32_000;

  @Option(names = "--batch", description = "Sequences (8).")
  private int batch = 8;

  @Option(names = "--steps", description = "Steps of a sampling run (64, or as many as tokens).")
  private Optional<Integer> steps = Optional.empty();

  @Option(names = "--repeats", description = "Runs of everything, of which medians count (5).")
  private int repeats = 5;

  @Option(names = "--optimizer", description = "Of training steps: adamw or muon (adamw).")
  private String optimizer = "adamw";

  @Option(names = "--where-length", description = "Tokens of a sequence of where (1024).")
  private int whereLength = 1024;

  @Option(names = "--where-vocabulary", description = "Ids of where (50257).")
  private int whereVocabulary = 50_257;

  @Option(names = "--where-batch", description = "Sequences of where (1).")
  private int whereBatch = 1;

  @Option(
      names = "--growth-lengths",
      split = ",",
      description = "Lengths of growth (128,256,512,1024,2048).")
  private List<Integer> growthLengths = List.of(128, 256, 512, 1024, 2048);

  @Option(
      names = "--growth-batch",
      description = "Sequences of growth; 2, 4 and 8 times as many are measured, too (1).")
  private int growthBatch = 1;

  @Option(
      names = "--growth-steps",
      description = "Steps of a run of growth; a half, a quarter and an eighth, too (16).")
  private int growthSteps = 16;

  @Option(names = "--out", description = "Folder for bench.json, growth.csv and growth.png.")
  private Optional<Path> out = Optional.empty();

  /** Options that are for some sections only. */
  private static final List<Map.Entry<String, Set<Section>>> USES =
      List.of(
          Map.entry("--model", EnumSet.complementOf(EnumSet.of(Section.START))),
          Map.entry("--width", OF_SIZES),
          Map.entry("--layers", OF_SIZES),
          Map.entry("--heads", OF_SIZES),
          Map.entry("--length", EnumSet.of(Section.NETWORK, Section.GROWTH)),
          Map.entry("--vocabulary", EnumSet.of(Section.NETWORK, Section.GROWTH)),
          Map.entry("--batch", EnumSet.of(Section.NETWORK, Section.MODEL)),
          Map.entry("--steps", EnumSet.of(Section.NETWORK, Section.MODEL, Section.WHERE)),
          Map.entry("--optimizer", EnumSet.of(Section.NETWORK)),
          Map.entry("--where-length", EnumSet.of(Section.WHERE)),
          Map.entry("--where-vocabulary", EnumSet.of(Section.WHERE)),
          Map.entry("--where-batch", EnumSet.of(Section.WHERE)),
          Map.entry("--growth-lengths", EnumSet.of(Section.GROWTH)),
          Map.entry("--growth-batch", EnumSet.of(Section.GROWTH)),
          Map.entry("--growth-steps", EnumSet.of(Section.GROWTH)));

  @Override
  public Integer call() throws IOException {
    Set<Section> wanted = wanted();
    Map<Integer, Double> threads = new LinkedHashMap<>();
    if (common.threads.isPresent()) {
      common.applyThreads();
    } else {
      threads.putAll(PyTorch.tuneThreads(Runtime.getRuntime().availableProcessors()));
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    BenchReport report = new BenchReport(facts);
    if (wanted.contains(Section.MODEL) || model.isPresent()) {
      try (Model open = open()) {
        if (wanted.contains(Section.MODEL) && steps.isPresent()) {
          BenchSettings.require("--steps", steps.get(), 1, open.shape().length());
        }
        BenchSettings settings = settings(model.isPresent() ? open.shape() : shape(), wanted);
        report.machine(settings, threads, ofSizes(wanted));
        if (wanted.contains(Section.MODEL)) {
          List<StepCost> costs = new ArrayList<>(List.of(Speeds.ofModel(settings, open, 1)));
          if (batch > 1) {
            costs.add(Speeds.ofModel(settings, open, batch));
          }
          report.model(open, costs);
          say("sampling steps of " + open.name() + " measured");
        }
        measure(wanted, settings, report);
      }
    } else {
      BenchSettings settings = settings(shape(), wanted);
      report.machine(settings, threads, ofSizes(wanted));
      measure(wanted, settings, report);
    }
    if (out.isPresent()) {
      AtomicFiles.write(out.get().resolve("bench.json"), Json.text(facts) + "\n");
    }
    spec.commandLine().getOut().println(common.json ? Json.text(facts) : report.text());
    return 0;
  }

  private Set<Section> wanted() {
    Set<Section> wanted = EnumSet.allOf(Section.class);
    if (!sections.isEmpty()) {
      wanted.retainAll(sections);
    } else if (out.isEmpty()) {
      wanted.remove(Section.GROWTH);
    }
    if (wanted.contains(Section.GROWTH) && out.isEmpty()) {
      throw new IllegalArgumentException("--section growth writes a plot: give --out FOLDER");
    }
    if (model.isPresent()) {
      for (String size : List.of("--width", "--layers", "--heads", "--length", "--vocabulary")) {
        if (spec.commandLine().getParseResult().hasMatchedOption(size)) {
          throw new IllegalArgumentException(size + " cannot go with --model, which has its own");
        }
      }
    }
    for (Map.Entry<String, Set<Section>> use : USES) {
      if (Collections.disjoint(use.getValue(), wanted)
          && spec.commandLine().getParseResult().hasMatchedOption(use.getKey())) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "%s is for --section %s, none of which is measured",
                use.getKey(),
                names(use.getValue())));
      }
    }
    BenchSettings.require("--growth-batch", growthBatch, 1, 512);
    BenchSettings.require("--growth-steps", growthSteps, 1, 4096);
    return wanted;
  }

  private static String names(Set<Section> sections) {
    return sections.stream()
        .map(section -> section.name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(", "));
  }

  private static boolean ofSizes(Set<Section> wanted) {
    return !Collections.disjoint(wanted, OF_SIZES);
  }

  /** Before anything is measured. */
  private void createFolder() {
    try {
      if (out.isPresent()) {
        Files.createDirectories(out.get());
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("--out " + out.get() + " cannot be made a folder", e);
    }
  }

  /** As many as are asked for, which may be too many. */
  private int steps(int tokens) {
    return steps.orElse(Math.min(64, tokens));
  }

  private Model open() throws IOException {
    ModelOptions options =
        new ModelOptions(common.device, common.precision(), false, OptionalInt.empty());
    return ModelSelection.open(model.orElse(Model.BUNDLED), options);
  }

  private NetworkShape shape() {
    return new NetworkShape(vocabulary, width, layers, heads, length, 0, false);
  }

  private BenchSettings settings(NetworkShape shape, Set<Section> wanted) {
    BenchSettings settings = settings(shape, wanted.contains(Section.NETWORK));
    if (wanted.contains(Section.WHERE)) {
      where(settings); // refused before anything is measured
    }
    createFolder();
    return settings;
  }

  private BenchSettings settings(NetworkShape shape, boolean sampled) {
    return new BenchSettings(
        shape,
        batch,
        sampled ? steps(shape.length()) : Math.min(steps.orElse(64), shape.length()),
        repeats,
        Update.of(optimizer),
        precisions(),
        common.device,
        PyTorch.threads(),
        common.seed);
  }

  /** What is asked for, else float32, and bfloat16 where a product is not slower in it. */
  private List<Precision> precisions() {
    if (common.precision().isPresent()) {
      return List.of(common.precision().get());
    }
    NetworkShape small = new NetworkShape(2, 2, 1, 1, 1, 0, false);
    try (Benchmark benchmark = new Benchmark(small, common.device)) {
      benchmark.peakGflops(Precision.FP32, 0);
      benchmark.peakGflops(Precision.BF16, 0);
      boolean slower =
          benchmark.peakGflops(Precision.BF16, 0) < benchmark.peakGflops(Precision.FP32, 0);
      return slower ? List.of(Precision.FP32) : List.of(Precision.FP32, Precision.BF16);
    }
  }

  private void measure(Set<Section> wanted, BenchSettings settings, BenchReport report)
      throws IOException {
    for (Precision precision : settings.precisions()) {
      if (wanted.contains(Section.NETWORK)) {
        report.speeds(precision, Speeds.measure(settings, precision, this::say));
      }
    }
    if (wanted.contains(Section.WHERE)) {
      for (Precision precision : settings.precisions()) {
        BenchSettings where = where(settings);
        report.where(
            precision, where, WhereFirst.measure(where, precision, BenchProbe::run, this::say));
      }
    }
    if (wanted.contains(Section.START)) {
      report.start(StartUp.measure(settings, this::say));
    }
    if (wanted.contains(Section.GROWTH)) {
      Precision fastest = settings.precisions().get(settings.precisions().size() - 1);
      BenchSettings around =
          settings.with(
              settings.shape(), growthBatch, Math.min(growthSteps, settings.shape().length()));
      Growth growth = Growth.measure(around, growthLengths, fastest, BenchProbe::run, this::say);
      Path folder = out.orElseThrow();
      AtomicFiles.write(folder.resolve("growth.csv"), growth.csv());
      String footer = BenchReport.footer(around) + ", " + around.steps() + " steps";
      AtomicFiles.write(folder.resolve("growth.png"), growth.png(footer));
      report.growth(growth, around);
    }
  }

  private BenchSettings where(BenchSettings settings) {
    NetworkShape shape = settings.shape();
    return new BenchSettings(
        new NetworkShape(
            whereVocabulary,
            shape.width(),
            shape.layers(),
            shape.heads(),
            whereLength,
            shape.timeWidth(),
            shape.normBias()),
        whereBatch,
        steps(whereLength),
        settings.repeats(),
        settings.update(),
        settings.precisions(),
        settings.device(),
        settings.threads(),
        settings.seed());
  }

  private void say(String line) {
    spec.commandLine().getErr().println(line);
  }
}
