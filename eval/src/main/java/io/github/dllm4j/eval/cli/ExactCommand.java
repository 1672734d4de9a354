package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.DependenceProbe;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactDecay;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactReverse;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.Uniformization;
import java.io.IOException;
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

/** {@code dllm exact}: a sampler's exact output law against the law it should sample. */
@Command(
    name = "exact",
    description = "Enumerates what a sampler puts out for a known law; no randomness.",
    footer = {"", Distributions.HELP, Distributions.JSON_HELP},
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class ExactCommand implements Callable<Integer> {
  /** Samples of the law that dependence is measured on. */
  private static final int PROBED = 256;

  @Spec private CommandSpec spec;

  @Option(names = "--distribution", required = true, description = "The law, by name or JSON file.")
  private String distribution;

  @Option(names = "--process", required = true, description = "masking or uniform.")
  private String process;

  @Option(names = "--sampler", required = true, description = "As in generate.")
  private String sampler;

  @Option(names = "--steps", description = "Number of steps.")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = "--plan",
      description = "Masking, sizes: optimal, balanced, cosine, geometric, front, back.")
  private Optional<String> plan = Optional.empty();

  @Option(names = "--sizes", split = ",", description = "Masking: such as 3,2,1.")
  private List<Integer> sizes = List.of();

  @Option(
      names = "--grid",
      description =
          "Masking: uniform, exponential-then-constant, alpha-linear, alpha-cosine (uniform)."
              + " Uniform: log-linear, uniform, geometric, halving, optimal (log-linear).")
  private Optional<String> grid = Optional.empty();

  @Option(names = "--horizon", description = "Of the grid, nats (8; geometric 6).")
  private Optional<Double> horizon = Optional.empty();

  @Option(names = "--delta", description = "Of exponential-then-constant, nats (0.02).")
  private Optional<Double> delta = Optional.empty();

  @Option(names = "--sigma-min", description = "Of geometric and halving, nats (0.01).")
  private Optional<Double> sigmaMin = Optional.empty();

  @Mixin private CorrectorOptions corrector;

  @Option(names = "--json", description = "One JSON document on stdout and nothing else.")
  private boolean json;

  /** What is reported beside the distances; empty where there is nothing to say. */
  private record Run(
      double[] output,
      Optional<Double> conditionalKl,
      double evaluations,
      Optional<Integer> steps,
      Optional<String> usedGrid,
      Optional<String> usedPlan,
      Optional<String> note) {}

  @Override
  public Integer call() throws IOException {
    if (!process.equals("masking") && !process.equals("uniform")) {
      throw new IllegalArgumentException("--process must be masking or uniform, got " + process);
    }
    if (steps.orElse(1) < 1 || steps.orElse(1) > 100_000) {
      throw new IllegalArgumentException("--steps must be 1 to 100,000, got " + steps.orElse(1));
    }
    ExactLaw law = Distributions.of(distribution);
    Run run =
        process.equals("masking")
            ? masking(law, planChoice(), steps.orElse(law.length()))
            : uniform(law, reverseChoice(), steps.orElse(1));
    report(law.table(), run);
    return 0;
  }

  private static Run masking(ExactLaw law, PlanChoice choice, int steps) {
    Optional<InformationCurve> curve = law.curve();
    StepPlanner planner =
        new StepPlanner(curve.orElseGet(() -> InformationCurve.exact(new double[law.length()])));
    Canvas canvas = Canvas.blank(law.length(), law.symbols());
    OracleDenoiser oracle = new OracleDenoiser(law);
    RevealPlan plan =
        choice.of(
            law.length(),
            steps,
            planner::forSteps,
            () -> DependenceProbe.ofSamples(oracle, canvas, PROBED, 0));
    ExactSampling.Output output = new ExactSampling(oracle, canvas, 1, 1).run(plan);
    return new Run(
        output.law(),
        curve.flatMap(c -> CurvePlanner.cost(c, plan).stream().boxed().findFirst()),
        output.expectedEvaluations(),
        Optional.of(plan.steps(law.length())),
        choice.hasGrid() ? Optional.of(choice.grid()) : Optional.empty(),
        choice.hasSizes() ? Optional.of(choice.schedule()) : Optional.empty(),
        plan.heuristic()
            ? Optional.of("heuristic: no bound holds for this sampler")
            : Optional.empty());
  }

  private static Run uniform(ExactLaw law, ReverseChoice choice, int steps) {
    ExactReverse exact = ExactReverse.of(law, NoiseProcess.uniform(law.symbols()));
    if (!choice.hasGrid()) {
      Uniformization course = choice.uniformization();
      return new Run(
          exact.outputLaw(course),
          Optional.empty(),
          course.expectedEvents(law.length(), law.symbols()) + 1,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }
    ReversePlan plan =
        choice.plan(
            steps, () -> ReversePlanner.of(new ExactDecay(law), PlanChoice.DEFAULT_HORIZON));
    return new Run(
        exact.outputLaw(plan),
        Optional.empty(),
        plan.evaluations(),
        Optional.of(plan.steps()),
        Optional.of(choice.grid()),
        Optional.empty(),
        choice.heuristic()
            ? Optional.of("heuristic: this corrector moves the law it should keep")
            : Optional.empty());
  }

  private PlanChoice planChoice() {
    if (sigmaMin.isPresent()) {
      throw new IllegalArgumentException("--sigma-min is for --process uniform, not masking");
    }
    PlanChoice choice = PlanChoice.ofSampler(sampler);
    if (!choice.hasSizes() && (plan.isPresent() || !sizes.isEmpty())) {
      throw new IllegalArgumentException("--plan and --sizes are not for --sampler " + sampler);
    }
    if (plan.isPresent() && !sizes.isEmpty()) {
      throw new IllegalArgumentException("give --plan or --sizes, not both");
    }
    boolean onGrid = grid.isPresent() || horizon.isPresent() || delta.isPresent();
    if (!choice.hasGrid() && onGrid) {
      throw new IllegalArgumentException(
          "--grid, --horizon and --delta are not for --sampler " + sampler);
    }
    if (sampler.equals("mask-predictor") && plan.isEmpty() && sizes.isEmpty()) {
      throw new IllegalArgumentException("--sampler mask-predictor needs --plan or --sizes");
    }
    choice =
        choice
            .withSizes(sizes)
            .withPlan(plan.orElse("balanced"))
            .withGrid(
                grid.orElse("uniform"),
                horizon.orElse(PlanChoice.DEFAULT_HORIZON),
                delta.orElse(PlanChoice.DEFAULT_DELTA));
    boolean exponential = choice.grid().startsWith("exponential");
    requireFor(horizon, "--horizon", choice.grid().equals("uniform") || exponential, choice.grid());
    requireFor(delta, "--delta", exponential, choice.grid());
    if (sizes.isEmpty()) {
      requireSteps(choice.hasSteps(), "this sampler");
    } else if (steps.orElse(sizes.size()) != sizes.size()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "--sizes has %d steps: --steps must be that or not given, got %d",
              sizes.size(),
              steps.get()));
    }
    return corrector.on(choice);
  }

  private ReverseChoice reverseChoice() {
    if (plan.isPresent() || !sizes.isEmpty() || delta.isPresent()) {
      throw new IllegalArgumentException(
          "--plan, --sizes and --delta are for --process masking, not uniform");
    }
    ReverseChoice choice = ReverseChoice.ofSampler(sampler);
    if (grid.isPresent() && !choice.hasGrid()) {
      throw new IllegalArgumentException("--grid is not for --sampler " + sampler);
    }
    choice = choice.withGrid(grid.orElse(choice.grid()));
    requireFor(horizon, "--horizon", choice.hasHorizon(), choice.grid());
    requireFor(sigmaMin, "--sigma-min", choice.hasSigmaMin(), choice.grid());
    choice =
        choice.withGrid(
            choice.grid(), horizon.orElse(choice.horizon()), sigmaMin.orElse(choice.sigmaMin()));
    requireSteps(
        choice.hasSteps(),
        choice.hasGrid() ? "--grid " + choice.grid() : "--sampler " + choice.sampler());
    return corrector.on(choice);
  }

  private static void requireFor(
      Optional<Double> option, String name, boolean allowed, String grid) {
    if (option.isPresent() && !allowed) {
      throw new IllegalArgumentException(name + " is not for --grid " + grid);
    }
  }

  private void requireSteps(boolean needed, String what) {
    if (needed != steps.isPresent()) {
      throw new IllegalArgumentException(
          needed
              ? "--steps is missing"
              : "--steps is not for " + what + ": it decides its steps itself");
    }
  }

  private void report(double[] truth, Run run) {
    double kl = Divergence.kl(truth, run.output);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("kl_nats", Double.isInfinite(kl) ? "Infinity" : (Object) kl);
    document.put("conditional_kl_nats", run.conditionalKl.orElse(null));
    document.put("tv", Divergence.totalVariation(truth, run.output));
    document.put(
        "evaluations",
        run.evaluations == Math.rint(run.evaluations)
            ? (Object) (long) run.evaluations
            : run.evaluations);
    document.put("process", process);
    document.put("sampler", sampler);
    document.put("grid", run.usedGrid.orElse(null));
    document.put("plan", run.usedPlan.orElse(null));
    document.put("steps", run.steps.orElse(null));
    document.put("off_support_mass", Divergence.massOffSupport(truth, run.output));
    document.put("note", run.note.orElse(null));
    if (json) {
      spec.commandLine().getOut().println(Json.text(document));
    } else {
      document.forEach(
          (key, value) ->
              spec.commandLine()
                  .getOut()
                  .printf(
                      Locale.ROOT,
                      "%-22s %s%n",
                      key.replace('_', ' '),
                      value == null ? "-" : value));
    }
  }
}
