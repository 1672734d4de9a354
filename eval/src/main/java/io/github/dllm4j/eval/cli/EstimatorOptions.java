package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.ReverseChoice;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.loss.LikelihoodEstimator;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** How likelihood is estimated; the one place that picks the estimator of a model. */
final class EstimatorOptions {
  private static final int BATCH = 32;
  private static final int COUNTS = 16;
  private static final int MOST_STEPS = 100_000;
  private static final List<String> GRIDS = List.of("log-linear", "uniform", "geometric");
  private static final Pattern ALLOWED =
      Pattern.compile(
          "nelbo|chain-rule|steps:(?<N>\\d{1,7})|samples:(?<K>\\d{1,7})(,steps:(?<M>\\d{1,7}))?");

  @Option(
      names = "--estimator",
      description =
          "nelbo: the bound that models are trained on; steps:N: what the sampler of N steps gives."
              + " Of masking models also chain-rule: one token at a time in one random order;"
              + " samples:K: over K random orders, which tightens with K, or samples:K,steps:N"
              + " (nelbo). An autoregressive model's likelihood is exact and takes none.")
  private Optional<String> estimator = Optional.empty();

  @Option(
      names = "--counts",
      description = "Of nelbo: mask counts, or noise times, per block (16): more is less noise.")
  private Optional<Integer> counts = Optional.empty();

  @Option(
      names = "--plan",
      description =
          "Of steps:N of masking models: balanced, cosine, or optimal by the model's information"
              + " curve (balanced).")
  private Optional<String> plan = Optional.empty();

  @Option(
      names = "--grid",
      description = "Of steps:N of uniform models: log-linear, uniform or geometric (log-linear).")
  private Optional<String> grid = Optional.empty();

  /** Checks what needs no model. */
  void check() {
    Matcher matcher = matched();
    if (counts.orElse(1) < 1 || counts.orElse(1) > 100_000) {
      throw new IllegalArgumentException("--counts must be 1 to 100,000, got " + counts.get());
    }
    if (counts.isPresent() && !name().equals("nelbo")) {
      throw new IllegalArgumentException("--counts is for --estimator nelbo, got " + name());
    }
    if (plan.isPresent() && steps(matcher).isEmpty()) {
      throw new IllegalArgumentException(
          "--plan is for --estimator steps:N or samples:K,steps:N, got " + name());
    }
    if (grid.isPresent() && matcher.group("N") == null) {
      throw new IllegalArgumentException("--grid is for --estimator steps:N, got " + name());
    }
    if (matcher.group("K") != null && Integer.parseInt(matcher.group("K")) < 1) {
      throw new IllegalArgumentException("--estimator samples:K needs K at least 1, got 0");
    }
  }

  private String name() {
    return estimator.orElse("nelbo");
  }

  private Matcher matched() {
    Matcher matcher = ALLOWED.matcher(name());
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "--estimator must be nelbo, chain-rule, steps:N, samples:K or samples:K,steps:N, got "
              + name());
    }
    return matcher;
  }

  private static Optional<Integer> steps(Matcher matcher) {
    return Optional.ofNullable(matcher.group("N"))
        .or(() -> Optional.ofNullable(matcher.group("M")))
        .map(Integer::valueOf);
  }

  /**
   * The estimator of a model.
   *
   * @param length tokens of a passage at most
   * @param whole whether every passage has that length and nothing given
   * @param seed of what is random in it
   * @throws IllegalArgumentException if the options are not for the model
   */
  LikelihoodEstimator of(Model model, int length, boolean whole, long seed) {
    if (model.config().autoregressive()) {
      refuse("--estimator", estimator.isPresent());
      refuse("--counts", counts.isPresent());
      return LikelihoodEstimator.leftToRight(model.causal());
    }
    Denoiser denoiser = model.denoiser();
    if (name().equals("nelbo")) {
      return LikelihoodEstimator.nelbo(denoiser, counts.orElse(COUNTS), BATCH, seed);
    }
    Matcher matcher = matched();
    Optional<Integer> steps = steps(matcher);
    if (denoiser.mask().isEmpty()) {
      return ofUniform(denoiser, steps, seed);
    }
    if (grid.isPresent()) {
      throw new IllegalArgumentException("--grid is for models of uniform noise; this one masks");
    }
    if (steps.isPresent() && (steps.get() < 1 || steps.get() > length)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "steps:N of --estimator must be 1 to %d, the tokens of a block, got %d",
              length,
              steps.get()));
    }
    IntFunction<SizePlan> sizes =
        steps.map(n -> plan(model, n, length, whole)).orElse(d -> SizePlan.balanced(d, d));
    String name = steps.map(n -> n + " " + planName() + " steps").orElse("one token at a time");
    if (matcher.group("K") != null) {
      int samples = Integer.parseInt(matcher.group("K"));
      return LikelihoodEstimator.samples(denoiser, samples, name, sizes, BATCH, seed);
    }
    return steps.isPresent()
        ? LikelihoodEstimator.steps(denoiser, name, sizes, BATCH, seed)
        : LikelihoodEstimator.chainRule(denoiser, BATCH, seed);
  }

  private static void refuse(String option, boolean given) {
    if (given) {
      throw new IllegalArgumentException(
          option + " is not for an autoregressive model, whose likelihood is exact");
    }
  }

  private LikelihoodEstimator ofUniform(Denoiser denoiser, Optional<Integer> steps, long seed) {
    if (!name().startsWith("steps:") || plan.isPresent()) {
      throw new IllegalArgumentException(
          plan.isPresent()
              ? "--plan is for masking models; this one's noise is uniform: --grid"
              : "--estimator must be nelbo or steps:N for a model of uniform noise, got " + name());
    }
    String levels = grid.orElse("log-linear");
    int n = steps.orElseThrow();
    if (!GRIDS.contains(levels) || n < 1 || n > MOST_STEPS) {
      throw new IllegalArgumentException(
          GRIDS.contains(levels)
              ? "steps:N of --estimator must be 1 to 100,000, got " + n
              : "--grid must be log-linear, uniform or geometric, got " + levels);
    }
    TimeGrid times = ReverseChoice.TWEEDIE.withGrid(levels).plan(n).grid();
    return LikelihoodEstimator.steps(denoiser, n + " " + levels + " steps", times, BATCH, seed);
  }

  /** Whether the plan, and so the number, depends on the model's information.json. */
  boolean usesInformation() {
    return planName().equals("optimal");
  }

  private String planName() {
    return plan.orElse("balanced");
  }

  /** The plan of n steps for a number of tokens. */
  private IntFunction<SizePlan> plan(Model model, int n, int length, boolean whole) {
    return switch (planName()) {
      case "balanced" -> d -> SizePlan.balanced(d, n);
      case "cosine" -> d -> SizePlan.cosine(d, n);
      case "optimal" -> {
        int own = model.config().network().length();
        if (length != own || !whole) {
          throw new IllegalArgumentException(
              "--plan optimal is for blocks of the model's length, "
                  + own
                  + ", without --length and --stride");
        }
        CurvePlanner planner =
            model
                .planner()
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "--plan optimal needs the model's information.json: dllm plan --save"));
        SizePlan best = planner.forSteps(n);
        yield d -> best;
      }
      default ->
          throw new IllegalArgumentException(
              "--plan must be balanced, cosine or optimal, got " + planName());
    };
  }
}
