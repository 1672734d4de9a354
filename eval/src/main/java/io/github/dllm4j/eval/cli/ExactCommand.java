package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm exact}: a sampler's exact output law against the law it should sample. */
@Command(
    name = "exact",
    description = "Enumerates what a sampler puts out for a known law; no randomness.",
    footer = {"", "Distributions: " + Distributions.NAMES},
    mixinStandardHelpOptions = true)
final class ExactCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--distribution", required = true, description = "The law, by name or JSON file.")
  private String distribution;

  @Option(names = "--process", required = true, description = "masking.")
  private String process;

  @Option(names = "--sampler", required = true, description = "As in generate.")
  private String sampler;

  @Option(names = "--steps", description = "Number of steps.")
  private Optional<Integer> steps = Optional.empty();

  @Option(names = "--plan", description = "optimal, balanced, cosine, geometric, front, back.")
  private Optional<String> plan = Optional.empty();

  @Option(names = "--sizes", split = ",", description = "Sizes in sampling order, such as 3,2,1.")
  private List<Integer> sizes = List.of();

  @Option(
      names = "--grid",
      description = "uniform, exponential-then-constant, alpha-linear, alpha-cosine.")
  private Optional<String> grid = Optional.empty();

  @Option(names = "--horizon", description = "Of the grid, nats (8).")
  private Optional<Double> horizon = Optional.empty();

  @Option(names = "--delta", description = "Of exponential-then-constant, nats (0.02).")
  private Optional<Double> delta = Optional.empty();

  @Option(names = "--json", description = "One JSON document on stdout and nothing else.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (!process.equals("masking")) {
      throw new IllegalArgumentException("--process must be masking, got " + process);
    }
    ExactLaw law = Distributions.of(distribution);
    PlanChoice choice = choice();
    Optional<InformationCurve> curve = law.curve();
    StepPlanner planner =
        new StepPlanner(curve.orElseGet(() -> InformationCurve.exact(new double[law.length()])));
    RevealPlan reveal = choice.of(law.length(), steps.orElse(law.length()), planner);
    ExactSampling sampling =
        new ExactSampling(new OracleDenoiser(law), Canvas.blank(law.length(), law.symbols()), 1, 1);
    report(law, choice, curve, reveal, sampling.run(reveal));
    return 0;
  }

  private PlanChoice choice() {
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
    requireGridOptions(choice);
    if (choice.hasSteps() != steps.isPresent()) {
      throw new IllegalArgumentException(
          choice.hasSteps()
              ? "--steps is missing"
              : "--steps is not for this sampler: it decides its steps itself");
    }
    if (steps.orElse(1) < 1 || steps.orElse(1) > 100_000) {
      throw new IllegalArgumentException("--steps must be 1 to 100,000, got " + steps.orElse(1));
    }
    return choice;
  }

  private void requireGridOptions(PlanChoice choice) {
    boolean timed = choice.grid().equals("uniform") || choice.grid().startsWith("exponential");
    if (horizon.isPresent() && !timed) {
      throw new IllegalArgumentException("--horizon is not for --grid " + choice.grid());
    }
    if (delta.isPresent() && !choice.grid().startsWith("exponential")) {
      throw new IllegalArgumentException("--delta is not for --grid " + choice.grid());
    }
  }

  private void report(
      ExactLaw law,
      PlanChoice choice,
      Optional<InformationCurve> curve,
      RevealPlan reveal,
      ExactSampling.Output output) {
    double[] truth = law.table();
    double kl = Divergence.kl(truth, output.law());
    OptionalDouble conditional =
        curve.isPresent() ? CurvePlanner.cost(curve.get(), reveal) : OptionalDouble.empty();
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("kl_nats", Double.isInfinite(kl) ? "Infinity" : (Object) kl);
    document.put(
        "conditional_kl_nats", conditional.isPresent() ? (Object) conditional.getAsDouble() : null);
    document.put("tv", Divergence.totalVariation(truth, output.law()));
    document.put("evaluations", output.expectedEvaluations());
    document.put("process", process);
    document.put("sampler", sampler);
    document.put("grid", choice.hasGrid() ? choice.grid() : null);
    document.put("plan", choice.hasSizes() ? choice.schedule() : null);
    document.put("steps", reveal.steps(law.length()));
    document.put(
        "off_support_mass", Math.max(0, 1 - Divergence.massOnSupport(truth, output.law())));
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
      if (reveal.heuristic()) {
        spec.commandLine().getOut().println("heuristic: no bound holds for this sampler");
      }
    }
  }
}
