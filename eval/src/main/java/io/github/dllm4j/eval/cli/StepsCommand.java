package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.eval.steps.OracleStudy;
import io.github.dllm4j.eval.steps.OracleStudy.Named;
import io.github.dllm4j.eval.steps.SamplerSpec;
import io.github.dllm4j.eval.steps.StepsRun;
import io.github.dllm4j.eval.steps.Study;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm steps}: quality against steps, of a known law's samplers or of a model. */
@Command(
    name = "steps",
    description = "Measures how quality falls with fewer steps; writes a report.",
    footer = {"", Distributions.HELP, Distributions.JSON_HELP},
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class StepsCommand implements Callable<Integer> {
  private static final int MOST_STEPS = 100_000;

  /** How much the default family's chains keep their symbol, from independent to hardly moving. */
  private static final double[] STAYS = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97};

  @Spec private CommandSpec spec;

  @Mixin private CommonOptions common;
  @Mixin private StepsModelOptions modelOptions;

  @Option(
      names = "--distribution",
      description = "A known law instead of a model, by name or JSON file.")
  private Optional<String> distribution = Optional.empty();

  @Option(names = "--process", description = "Of --distribution: masking or uniform (masking).")
  private String process = "masking";

  @Option(
      names = "--family",
      arity = "1..*",
      description =
          "Masking: laws whose error is drawn against their sum of mutual informations (Markov chains"
              + " of the law's size).")
  private List<String> family = new ArrayList<>();

  @Option(
      names = "--samplers",
      split = ",",
      description =
          "NAME[/SCHEDULE][+CORRECTOR[*M]] as in generate, such as"
              + " mask-predictor/cosine,tweedie+gibbs*2.")
  private List<String> samplers = new ArrayList<>();

  @Option(names = "--steps", split = ",", description = "Numbers of steps, ascending (4,8,16,32).")
  private List<Integer> steps = List.of(4, 8, 16, 32);

  @Option(names = "--out", required = true, description = "The folder to write.")
  private Path out;

  @Option(names = "--resume", description = "Go on with the run that the folder holds.")
  private boolean resume;

  @Override
  public Integer call() throws IOException {
    checkSteps();
    Map<String, String> settings = new LinkedHashMap<>();
    if (distribution.isPresent()) {
      refuse(StepsModelOptions.NAMES, "is for models, not for --distribution");
      run(oracle(settings), settings);
    } else {
      refuse(List.of("--process", "--family"), "is for --distribution, not for models");
      modelOptions.with(common, samplers, steps, settings, study -> run(study, settings));
    }
    return 0;
  }

  private void refuse(List<String> options, String why) {
    for (String option : options) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new IllegalArgumentException(option + " " + why);
      }
    }
  }

  private void run(Study study, Map<String, String> settings) throws IOException {
    settings.put("samplers", String.join(",", samplers));
    settings.put("steps", steps.stream().map(String::valueOf).collect(Collectors.joining(",")));
    settings.put("versions", PyTorch.versions());
    new StepsRun(study, settings, commandLine(), out)
        .run(resume, line -> spec.commandLine().getErr().println(line));
    spec.commandLine()
        .getOut()
        .println(
            common.json
                ? Files.readString(out.resolve(StepsRun.NAME)).strip()
                : out.resolve("report.html").toString());
  }

  /** The command as given, but for --resume: it does not change what comes out. */
  private String commandLine() {
    return "dllm "
        + spec.commandLine().getParseResult().originalArgs().stream()
            .filter(argument -> !argument.equals("--resume"))
            .collect(Collectors.joining(" "));
  }

  private void checkSteps() {
    for (int i = 0; i < steps.size(); i++) {
      int count = steps.get(i);
      if (count < 1 || count > MOST_STEPS || (i > 0 && count <= steps.get(i - 1))) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "--steps must ascend from at least 1 to at most %,d, got %s",
                MOST_STEPS,
                steps));
      }
    }
  }

  private Study oracle(Map<String, String> settings) throws IOException {
    if (!process.equals("masking") && !process.equals("uniform")) {
      throw new IllegalArgumentException("--process must be masking or uniform, got " + process);
    }
    boolean uniform = process.equals("uniform");
    if (uniform && !family.isEmpty()) {
      throw new IllegalArgumentException("--family is for --process masking, not uniform");
    }
    List<SamplerSpec> specs = SamplerSpec.parse(samplers, uniform);
    Named law = new Named(distribution.orElseThrow(), Distributions.of(distribution.orElseThrow()));
    settings.put("distribution", law.name());
    settings.put("process", process);
    if (uniform) {
      return OracleStudy.uniform(law, specs, steps);
    }
    List<Named> laws = family(law.law());
    settings.put(
        "family", family.isEmpty() ? "Markov chains of the law's size" : String.join(" ", family));
    return OracleStudy.masking(law, specs, steps, laws);
  }

  private List<Named> family(ExactLaw law) throws IOException {
    List<String> names = new ArrayList<>(family);
    if (family.isEmpty() && law.symbols() > 1) {
      for (double more : STAYS) {
        double even = 1.0 / law.symbols();
        names.add(
            String.format(
                Locale.ROOT,
                "markov:d=%d,S=%d,stay=%.4f",
                law.length(),
                law.symbols(),
                even + (1 - even) * more));
      }
    }
    List<Named> laws = new ArrayList<>();
    for (String name : names) {
      laws.add(new Named(name, Distributions.of("--family", name)));
    }
    return laws;
  }
}
