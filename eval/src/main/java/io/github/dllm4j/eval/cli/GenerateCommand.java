package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.GenerationListener;
import io.github.dllm4j.engine.GenerationPlan;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.Message;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.TextGenerator;
import io.github.dllm4j.engine.constrain.Constraint;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.info.Estimate;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm generate}: text from a model. */
@Command(
    name = "generate",
    description = "Generates text.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class GenerateCommand implements Callable<Integer> {
  private static final List<String> OF_NOISE =
      List.of(
          "--steps",
          "--epsilon",
          "--plan",
          "--sampler",
          "--block-length",
          "--cache",
          "--cache-refresh",
          "--grid",
          "--horizon",
          "--sigma-min",
          "--corrector",
          "--corrector-steps",
          "--corrector-sites");

  @Spec private CommandSpec spec;
  @Mixin private CommonOptions common;
  @Mixin private ModelSelection selection;

  @Option(names = "--prompt", description = "Text to begin with.")
  private Optional<String> prompt = Optional.empty();

  @Option(names = "--template", description = "Text with holes: {8} is a hole of 8 tokens.")
  private Optional<String> template = Optional.empty();

  @Option(names = "--prompt-file", description = "A UTF-8 file to begin with.")
  private Optional<Path> promptFile = Optional.empty();

  @Option(
      names = "--message",
      description = "A user's message, to which the model replies; prints the reply alone.")
  private Optional<String> message = Optional.empty();

  @Option(
      names = "--length",
      description =
          "Tokens of the whole sequence (the model's length; LLaDA, Dream: 128 after the prompt).")
  private Optional<Integer> length = Optional.empty();

  @Option(names = "--samples", description = "How many samples (1).")
  private int samples = 1;

  @Option(
      names = "--steps",
      description =
          "Steps, or auto: what --epsilon needs; of a BD3LM without information.json one per token"
              + " (auto).")
  private String steps = "auto";

  @Option(
      names = "--epsilon",
      description =
          "Error budget of --steps auto, nats per sequence (2): conditional KL of masking models, path"
              + " KL of uniform ones.")
  private Optional<Double> epsilon = Optional.empty();

  @Option(
      names = "--plan",
      description =
          "Sizes: optimal, balanced, cosine, geometric, front, back (optimal; balanced with"
              + " --block-length, or of a BD3LM without information.json).")
  private Optional<String> plan = Optional.empty();

  @Option(
      names = "--sampler",
      description =
          "Masking: mask-predictor, modified-tau-leaping, tau-leaping, rejecting-tau-leaping, euler,"
              + " tweedie, first-hitting; places by the laws: entropy-bound:X; no bound:"
              + " theta-trapezoidal[:X]; heuristic: confidence, margin, entropy,"
              + " candidate-confidence, threshold:X, dependence-bound:X, remask-cap[:X],"
              + " remask-rescale[:X], remask-confidence, remask-loop[:X] (mask-predictor). Uniform:"
              + " tweedie, euler, tau-leaping, rejecting-tau-leaping, additive-tau-leaping,"
              + " maximal-coupling, psi:X, uniformization (tweedie).")
  private Optional<String> sampler = Optional.empty();

  @Option(
      names = "--block-length",
      description =
          "Fill block after block of so many holes; for samplers that choose places by the laws, with"
              + " sizes by --plan (balanced). A BD3LM has blocks of its own.")
  private Optional<Integer> blockLength = Optional.empty();

  @Mixin private CacheOptions cache;

  @Option(
      names = "--grid",
      description =
          "Masking, of the tau-leaping samplers, euler, tweedie, theta-trapezoidal and remask-cap,"
              + " -rescale, -confidence: uniform, exponential-then-constant, alpha-linear,"
              + " alpha-cosine (alpha-linear). Uniform: log-linear, uniform, geometric, halving,"
              + " optimal, which is of least predicted path KL (log-linear; with --steps auto"
              + " optimal).")
  private Optional<String> grid = Optional.empty();

  @Option(
      names = "--horizon",
      description = "Noise at the start of a grid or of uniformization, nats: uniform models only.")
  private Optional<Double> horizon = Optional.empty();

  @Option(
      names = "--sigma-min",
      description =
          "Noise before the last step of geometric, halving, uniformization, nats: uniform models"
              + " only (0.01).")
  private Optional<Double> sigmaMin = Optional.empty();

  @Mixin private CorrectorOptions corrector;

  @Option(names = "--temperature", description = "Of the laws (1).")
  private double temperature = 1;

  @Option(names = "--top-p", description = "Nucleus of the laws (1).")
  private double topP = 1;

  @Mixin private ConstraintOptions constraint;

  @Option(names = "--watch", description = "Show the canvas filling in, on stderr.")
  private boolean watch;

  @Override
  public Integer call() throws IOException {
    checkStart();
    Optional<Constraint> form = constraint.read();
    PrintWriter out = spec.commandLine().getOut();
    try (TextGenerator generator = TextGenerator.of(selection.open(common))) {
      Model model = generator.model();
      GenerationRequest start = request(model);
      GenerationRequest request = form.map(start::withConstraint).orElse(start);
      GenerationListener listener =
          watch ? new Watcher(spec.commandLine().getErr()) : GenerationListener.NONE;
      GenerationResult result = generator.generate(request, listener);
      if (cache.given().isPresent()) {
        spec.commandLine().getErr().println("dllm: " + result.plan());
      }
      if (common.json) {
        out.println(Json.text(document(result)));
      } else {
        out.println(
            result.samples().stream()
                .map(GenerationResult.Text::text)
                .collect(Collectors.joining("\n---\n")));
      }
    }
    return 0;
  }

  private void checkStart() {
    long starts =
        Stream.of(prompt, template, promptFile, message).filter(Optional::isPresent).count();
    if (starts > 1) {
      throw new IllegalArgumentException(
          "give at most one of --prompt, --template, --prompt-file and --message, got " + starts);
    }
    if (template.isPresent() && length.isPresent()) {
      throw new IllegalArgumentException("--template says the length: give no --length with it");
    }
  }

  private GenerationRequest request(Model model) throws IOException {
    String process = model.config().process();
    if (process.equals("autoregressive")) {
      refuseOfNoise();
    }
    boolean uniform = process.equals("uniform");
    OptionalInt count = steps();
    if (count.isPresent() && epsilon.isPresent()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "--epsilon chooses the steps: give no --steps %s with it", steps));
    }
    return new GenerationRequest(
        promptFile.isPresent()
            ? TextFile.read("--prompt-file", promptFile.get())
            : prompt.orElse(""),
        message.map(text -> List.of(Message.user(text))).orElse(List.of()),
        template,
        length.map(OptionalInt::of).orElse(OptionalInt.empty()),
        samples,
        count,
        epsilon.orElse(GenerationRequest.DEFAULT_EPSILON),
        process.equals("autoregressive")
            ? Optional.empty()
            : Optional.of(uniform ? reverseChoice(count) : planChoice(count, model)),
        temperature,
        topP,
        common.seed,
        Optional.empty(),
        List.of(),
        Optional.empty());
  }

  /** An autoregressive model draws its tokens one after the other, and that is all there is. */
  private void refuseOfNoise() {
    if (template.isPresent()) {
      throw new IllegalArgumentException(
          "--template is not for an autoregressive model, which reads only what is before a hole:"
              + " give --prompt");
    }
    boolean counted = steps().isPresent();
    for (String option : OF_NOISE) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)
          && (counted || !option.equals("--steps"))) {
        throw new IllegalArgumentException(
            option + " is not for an autoregressive model, which draws token after token");
      }
    }
  }

  private OptionalInt steps() {
    if (steps.equals("auto")) {
      return OptionalInt.empty();
    }
    if (!steps.matches("\\d{1,7}")) {
      throw new IllegalArgumentException("--steps must be auto or 1 to 1,000,000, got " + steps);
    }
    return OptionalInt.of(Integer.parseInt(steps));
  }

  private PlanChoice planChoice(OptionalInt count, Model model) {
    if (horizon.isPresent() || sigmaMin.isPresent()) {
      throw new IllegalArgumentException(
          "--horizon and --sigma-min are for uniform models, this one masks");
    }
    Optional<Blocks> blocks = model.blocks();
    blocks.ifPresent(this::checkBlocks);
    boolean unplanned = blocks.isPresent() && model.information().isEmpty();
    boolean oneByOne = unplanned && count.isEmpty() && plan.isEmpty() && epsilon.isEmpty();
    String name = sampler.orElse(oneByOne ? "first-hitting" : PlanChoice.OPTIMAL.sampler());
    PlanChoice choice = PlanChoice.ofSampler(name);
    if (plan.isPresent() && !choice.hasSizes()) {
      throw new IllegalArgumentException("--plan is not for --sampler " + name);
    }
    if (grid.isPresent() && !choice.hasGrid()) {
      throw new IllegalArgumentException("--grid is not for --sampler " + name);
    }
    if ((count.isPresent() || epsilon.isPresent()) && !choice.hasSteps()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--sampler %s decides its steps itself: give no --steps and no --epsilon",
              name));
    }
    boolean balanced = unplanned || (blocks.isEmpty() && blockLength.isPresent());
    choice = choice.withPlan(plan.orElse(balanced ? "balanced" : choice.plan()));
    return cache.on(
        corrector.on(
            (blocks.isPresent() ? choice : inBlocks(choice))
                .withGrid(grid.orElse(choice.grid()), choice.horizon(), choice.delta())));
  }

  private PlanChoice inBlocks(PlanChoice choice) {
    if (blockLength.isPresent() && blockLength.get() < 1) {
      throw new IllegalArgumentException(
          "--block-length must be at least 1, got " + blockLength.get());
    }
    return choice.withBlocks(blockLength.orElse(0));
  }

  /** A model that writes block after block does so by itself. */
  private void checkBlocks(Blocks blocks) {
    if (blockLength.isPresent() && blockLength.get() != blocks.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the model writes blocks of %d tokens by itself: --block-length must be that or not"
                  + " given, got %d",
              blocks.length(),
              blockLength.get()));
    }
    cache
        .given()
        .ifPresent(
            option -> {
              throw new IllegalArgumentException(
                  option + " is for LLaDA and Dream, the model writes blocks by itself");
            });
  }

  private ReverseChoice reverseChoice(OptionalInt count) {
    if (plan.isPresent() || blockLength.isPresent()) {
      throw new IllegalArgumentException(
          (plan.isPresent() ? "--plan" : "--block-length")
              + " is for masking models, this one's noise is uniform");
    }
    if (cache.given().isPresent()) {
      throw new IllegalArgumentException(
          cache.given().get() + " is for masking models, this one's noise is uniform");
    }
    ReverseChoice choice = ReverseChoice.ofSampler(sampler.orElse(ReverseChoice.TWEEDIE.sampler()));
    if (grid.isPresent()) {
      if (!choice.hasGrid()) {
        throw new IllegalArgumentException("--grid is not for --sampler " + choice.sampler());
      }
      choice = choice.withGrid(grid.get());
    } else if (count.isEmpty() && choice.hasGrid()) {
      choice = choice.withGrid(ReverseChoice.OPTIMAL);
    }
    choice = withEnds(choice);
    if ((count.isPresent() || epsilon.isPresent()) && !choice.hasSteps()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s decides its steps itself: give no --steps and no --epsilon",
              choice.hasGrid() ? "--grid " + choice.grid() : "--sampler " + choice.sampler()));
    }
    return corrector.on(choice);
  }

  /** The choice with the horizon and the least noise that were asked for. */
  private ReverseChoice withEnds(ReverseChoice choice) {
    if (horizon.isPresent() && !choice.hasHorizon()) {
      throw new IllegalArgumentException("--horizon is not for --grid " + choice.grid());
    }
    if (sigmaMin.isPresent() && !choice.hasSigmaMin()) {
      throw new IllegalArgumentException("--sigma-min is not for --grid " + choice.grid());
    }
    return choice.withGrid(
        choice.grid(), horizon.orElse(choice.horizon()), sigmaMin.orElse(choice.sigmaMin()));
  }

  private static Map<String, Object> document(GenerationResult result) {
    Map<String, Object> document = new LinkedHashMap<>();
    GenerationPlan plan = result.plan();
    List<Map<String, Object>> texts =
        result.samples().stream().map(GenerateCommand::document).toList();
    document.put("samples", texts);
    document.put("model", result.model());
    document.put("sampler", plan.sampler());
    document.put("plan", plan.schedule());
    document.put("predicted_kl_nats", plan.predictedKlNats().map(Estimate::mean).orElse(null));
    document.put(
        "predicted_kl_standard_error",
        plan.predictedKlNats().map(Estimate::standardError).orElse(null));
    document.put(
        "predicted_path_kl_nats", plan.predictedPathKlNats().map(Estimate::mean).orElse(null));
    document.put(
        "predicted_path_kl_standard_error",
        plan.predictedPathKlNats().map(Estimate::standardError).orElse(null));
    document.put("planning_evaluations", plan.planningEvaluations());
    document.put("note", plan.note());
    document.put("seed", result.seed());
    document.put("versions", result.versions());
    return document;
  }

  private static Map<String, Object> document(GenerationResult.Text text) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("text", text.text());
    document.put("tokens", text.tokens());
    document.put("steps", text.steps());
    document.put("evaluations", text.evaluations());
    document.put("seconds", text.seconds());
    document.put("finish", text.finish().name().toLowerCase(Locale.ROOT));
    return document;
  }
}
