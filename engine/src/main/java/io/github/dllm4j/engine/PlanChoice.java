package io.github.dllm4j.engine;

import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.ApproximateCache;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.Confidence;
import io.github.dllm4j.engine.sample.CorrectedPlan;
import io.github.dllm4j.engine.sample.DependenceKernel;
import io.github.dllm4j.engine.sample.RemaskPlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.sample.TrapezoidalPlan;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which masked sampler, by name.
 *
 * <pre>
 * mask-predictor                                          sizes by a plan, random places
 * modified-tau-leaping, tau-leaping, rejecting-tau-leaping, euler, tweedie       chances by a time grid
 * theta-trapezoidal[:X]                                   the same grids, two calls per step, theta X (0.5)
 * first-hitting                                           one token per step
 * confidence, margin, entropy, candidate-confidence       sizes by a plan, the surest places (heuristic)
 * threshold:X, entropy-bound:X                            as many places as are sure enough
 * dependence-bound:X                                      as many as hardly depend on each other (heuristic)
 * remask-cap[:X], remask-rescale[:X], remask-confidence   a time grid, filled holes are masked again (heuristic)
 * remask-loop[:X]                                         the same with a grid of its own
 * </pre>
 *
 * <p>The number X of the remasking samplers is eta, 0.02 unless given.
 *
 * @param sampler one of the names above
 * @param plan of samplers with sizes: optimal, balanced, cosine, geometric, front or back
 * @param sizes given in full, in sampling order, instead of a plan; empty for none
 * @param grid of samplers with chances: uniform, exponential-then-constant, alpha-linear,
 *     alpha-cosine
 * @param horizon of the first two grids, nats, above 0
 * @param delta of the second, nats, above 0
 * @param correctorSteps Gibbs updates after every step, at least 0; only for samplers whose places
 *     do not depend on values: mask-predictor, first-hitting and those with chances
 * @param blockLength holes of a block, which are filled block after block, as in LLaDA's
 *     semi-autoregressive decoding; 0 for no blocks; only for samplers that choose places by the
 *     laws, and with a plan other than optimal, which is one for the whole canvas
 * @param cache what is kept of the network's work while a block is filled, which makes its laws
 *     approximate; only in blocks, of LLaDA and Dream, and without a constraint
 */
public record PlanChoice(
    String sampler,
    String plan,
    List<Integer> sizes,
    String grid,
    double horizon,
    double delta,
    int correctorSteps,
    int blockLength,
    Optional<ApproximateCache> cache)
    implements SamplerChoice {
  /** Horizon unless another is given, nats. */
  public static final double DEFAULT_HORIZON = 8;

  /** Last level before 0 of the exponential-then-constant grid unless another is given, nats. */
  public static final double DEFAULT_DELTA = 0.02;

  private static final double RATIO = 0.9;
  private static final List<String> WITH_SIZES =
      List.of("mask-predictor", "confidence", "margin", "entropy", "candidate-confidence");
  private static final List<String> TAU_LEAPING =
      List.of("modified-tau-leaping", "tau-leaping", "rejecting-tau-leaping", "euler", "tweedie");
  private static final List<String> UNPRICED_WITH_GRID =
      List.of("theta-trapezoidal", "remask-cap", "remask-rescale", "remask-confidence");
  private static final List<String> CORRECTABLE =
      List.of(
          "mask-predictor",
          "first-hitting",
          "modified-tau-leaping",
          "tau-leaping",
          "rejecting-tau-leaping",
          "euler",
          "tweedie");
  private static final List<String> BY_LAWS =
      List.of(
          "confidence",
          "margin",
          "entropy",
          "candidate-confidence",
          "threshold",
          "entropy-bound",
          "dependence-bound");
  private static final List<String> OTHERS =
      List.of("first-hitting", "threshold", "entropy-bound", "dependence-bound", "remask-loop");

  private static final List<String> NUMBERED =
      List.of("threshold", "entropy-bound", "dependence-bound");

  /** What X is unless given, where it need not be. */
  private static final Map<String, Double> NUMBERS =
      Map.of(
          "theta-trapezoidal", 0.5,
          "remask-cap", 0.02,
          "remask-rescale", 0.02,
          "remask-loop", 0.02);

  private static final List<String> PLANS =
      List.of("optimal", "balanced", "cosine", "geometric", "front", "back");
  private static final List<String> GRIDS =
      List.of("uniform", "exponential-then-constant", "alpha-linear", "alpha-cosine");

  /** The sizes the planner finds best on the model's curve, at random places. */
  public static final PlanChoice OPTIMAL = ofSampler("mask-predictor");

  /** Checks the names and numbers. */
  public PlanChoice {
    sizes = List.copyOf(sizes);
    checkSampler(sampler);
    if (sampler.startsWith("threshold:")
        && Double.parseDouble(sampler.substring("threshold:".length())) > 1) {
      throw new IllegalArgumentException("threshold must be a probability, 0 to 1, got " + sampler);
    }
    require("plan", plan, PLANS);
    require("grid", grid, GRIDS);
    if (!(horizon > 0 && horizon <= 1000)) {
      throw new IllegalArgumentException("horizon must be above 0, at most 1000, got " + horizon);
    }
    if (!(delta > 0 && delta < horizon)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "delta must be above 0 and below the horizon %s, got %s",
              horizon,
              delta));
    }
    if (correctorSteps < 0 || correctorSteps > 100_000) {
      throw new IllegalArgumentException(
          "corrector-steps must be 0 to 100,000, got " + correctorSteps);
    }
    if (correctorSteps > 0 && !CORRECTABLE.contains(sampler)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the Gibbs corrector of masking models is for %s, where its law is known, not for %s",
              String.join(", ", CORRECTABLE),
              sampler));
    }
    checkBlocks(blockLength, sampler, plan, sizes);
    if (cache.isPresent() && blockLength == 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the %s cache keeps what is outside a block: it needs a block-length",
              cache.get().kind().label()));
    }
  }

  private static void checkBlocks(
      int blockLength, String sampler, String plan, List<Integer> sizes) {
    if (blockLength < 0 || blockLength > 1_000_000) {
      throw new IllegalArgumentException("block-length must be 1 to 1,000,000, got " + blockLength);
    }
    if (blockLength > 0 && !BY_LAWS.contains(name(sampler))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "blocks are for %s, which choose places by the laws, not for %s",
              String.join(", ", BY_LAWS),
              sampler));
    }
    if (blockLength > 0
        && WITH_SIZES.contains(sampler)
        && plan.equals("optimal")
        && sizes.isEmpty()) {
      throw new IllegalArgumentException(
          "plan optimal is one for the whole canvas: in blocks give balanced, cosine, geometric,"
              + " front or back");
    }
  }

  private static void checkSampler(String sampler) {
    String name = name(sampler);
    boolean known =
        Stream.of(WITH_SIZES, TAU_LEAPING, UNPRICED_WITH_GRID, OTHERS)
            .anyMatch(names -> names.contains(name));
    boolean takesNumber = NUMBERED.contains(name) || NUMBERS.containsKey(name);
    boolean hasNumber = !sampler.equals(name);
    if (takesNumber
        && hasNumber
        && !sampler.substring(name.length()).matches(":[0-9]{1,9}(\\.[0-9]{1,18})?")) {
      throw new IllegalArgumentException(
          "X of " + name + ":X must be a number of at least 0 such as 0.5, got " + sampler);
    }
    if (!known || (hasNumber ? !takesNumber : NUMBERED.contains(name))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "sampler must be one of %s, %s, first-hitting, threshold:X, entropy-bound:X,"
                  + " dependence-bound:X, theta-trapezoidal[:X], remask-cap[:X], remask-rescale[:X],"
                  + " remask-confidence, remask-loop[:X], got %s",
              String.join(", ", WITH_SIZES),
              String.join(", ", TAU_LEAPING),
              sampler));
    }
  }

  private static void require(String name, String value, List<String> allowed) {
    if (!allowed.contains(value)) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "%s must be one of %s, got %s",
              name,
              String.join(", ", allowed),
              value));
    }
  }

  /** A sampler with the optimal plan, or on the alpha-linear grid. */
  public static PlanChoice ofSampler(String sampler) {
    return new PlanChoice(
        sampler,
        "optimal",
        List.of(),
        "alpha-linear",
        DEFAULT_HORIZON,
        DEFAULT_DELTA,
        0,
        0,
        Optional.empty());
  }

  /** The same with another plan of sizes. */
  public PlanChoice withPlan(String value) {
    return new PlanChoice(
        sampler, value, sizes, grid, horizon, delta, correctorSteps, blockLength, cache);
  }

  /** The same with these sizes, in sampling order. */
  public PlanChoice withSizes(List<Integer> value) {
    return new PlanChoice(
        sampler, plan, value, grid, horizon, delta, correctorSteps, blockLength, cache);
  }

  /** The same on another grid. */
  public PlanChoice withGrid(String value, double newHorizon, double newDelta) {
    return new PlanChoice(
        sampler, plan, sizes, value, newHorizon, newDelta, correctorSteps, blockLength, cache);
  }

  /** The same with this many Gibbs updates after every step that fills something. */
  public PlanChoice withCorrector(int updates) {
    return new PlanChoice(sampler, plan, sizes, grid, horizon, delta, updates, blockLength, cache);
  }

  /** The same block after block of so many holes; 0 for no blocks. */
  public PlanChoice withBlocks(int holes) {
    return new PlanChoice(sampler, plan, sizes, grid, horizon, delta, correctorSteps, holes, cache);
  }

  /** The same with approximate laws in blocks, or with the network's own. */
  public PlanChoice withCache(Optional<ApproximateCache> value) {
    return new PlanChoice(
        sampler, plan, sizes, grid, horizon, delta, correctorSteps, blockLength, value);
  }

  /** Whether the sampler works by sizes. */
  public boolean hasSizes() {
    return WITH_SIZES.contains(sampler);
  }

  /** Whether the sampler works by a time grid. */
  public boolean hasGrid() {
    return TAU_LEAPING.contains(sampler) || UNPRICED_WITH_GRID.contains(name(sampler));
  }

  /** Whether the plan needs an information curve even if the steps are given. */
  public boolean needsCurve() {
    return hasSizes() && plan.equals("optimal") && sizes.isEmpty();
  }

  @Override
  public boolean hasSteps() {
    return sizes.isEmpty() && (hasSizes() || hasGrid() || name(sampler).equals("remask-loop"));
  }

  /** A sampler's name without its number. */
  private static String name(String sampler) {
    return sampler.replaceFirst(":.*", "");
  }

  /** The number behind the sampler's name, or what stands for it. */
  private double number() {
    String name = name(sampler);
    return sampler.equals(name)
        ? NUMBERS.getOrDefault(name, Double.NaN)
        : Double.parseDouble(sampler.substring(name.length() + 1));
  }

  /**
   * The plan of a number of steps.
   *
   * @param holes tokens to fill
   * @param steps at least 1; sizes are never more than the holes; not used where the sampler
   *     decides
   * @param planner the best sizes of so many steps; used by the optimal plan only
   * @param dependence of holes; asked by dependence-bound only
   */
  public RevealPlan of(
      int holes, int steps, IntFunction<SizePlan> planner, Supplier<DependenceKernel> dependence) {
    RevealPlan reveal =
        name(sampler).equals("dependence-bound")
            ? AdaptivePlan.dependenceBound(number(), dependence.get())
            : uncorrected(holes, steps, planner);
    if (blockLength > 0) {
      AdaptivePlan blocks = ((AdaptivePlan) reveal).inBlocks(blockLength, holes);
      return cache.map(blocks::cached).orElse(blocks);
    }
    return correctorSteps == 0 ? reveal : new CorrectedPlan((ScheduledPlan) reveal, correctorSteps);
  }

  private RevealPlan uncorrected(int holes, int steps, IntFunction<SizePlan> planner) {
    return switch (name(sampler)) {
      case "mask-predictor" -> sizes(holes, steps, planner);
      case "first-hitting" -> SizePlan.firstHitting(holes);
      case "modified-tau-leaping" -> ChancePlan.of(grid(steps), TauLeaping.MODIFIED);
      case "tau-leaping" -> ChancePlan.of(grid(steps), TauLeaping.TRUNCATED);
      case "rejecting-tau-leaping" -> ChancePlan.of(grid(steps), TauLeaping.POISSON_REJECT);
      case "euler" -> ChancePlan.of(grid(steps), TauLeaping.EULER);
      case "tweedie" -> ChancePlan.of(grid(steps), TauLeaping.TWEEDIE);
      case "confidence" -> surest(holes, steps, planner, Confidence.MAX_PROBABILITY);
      case "margin" -> surest(holes, steps, planner, Confidence.MARGIN);
      case "entropy" -> surest(holes, steps, planner, Confidence.NEGATIVE_ENTROPY);
      case "candidate-confidence" -> surest(holes, steps, planner, Confidence.CANDIDATE);
      case "threshold" -> AdaptivePlan.threshold(number(), Confidence.MAX_PROBABILITY);
      case "entropy-bound" -> AdaptivePlan.entropyBound(number());
      case "theta-trapezoidal" -> TrapezoidalPlan.of(grid(steps), number());
      case "remask-cap" -> RemaskPlan.capped(grid(steps), number());
      case "remask-rescale" -> RemaskPlan.rescaled(grid(steps), number());
      case "remask-confidence" -> RemaskPlan.byConfidence(grid(steps));
      default -> RemaskPlan.loop(steps, number());
    };
  }

  private AdaptivePlan surest(
      int holes, int steps, IntFunction<SizePlan> planner, Confidence confidence) {
    return AdaptivePlan.mostConfident(sizes(holes, steps, planner), confidence);
  }

  private SizePlan sizes(int holes, int steps, IntFunction<SizePlan> planner) {
    if (!sizes.isEmpty()) {
      return SizePlan.of(sizes.stream().mapToInt(Integer::intValue).toArray());
    }
    return blockLength == 0
        ? planned(holes, steps, planner)
        : inBlocks(holes, Math.min(holes, steps), planner);
  }

  /** The fewest steps that so many holes can be filled in. */
  int leastSteps(int holes) {
    return blockLength == 0 || !hasSizes()
        ? 1
        : Math.max(1, (holes + blockLength - 1) / blockLength);
  }

  /** The steps shared out among the blocks, each block by the plan. */
  private SizePlan inBlocks(int holes, int steps, IntFunction<SizePlan> planner) {
    if (holes == 0) {
      return SizePlan.of();
    }
    int[] own = new int[leastSteps(holes)];
    Arrays.setAll(own, b -> Math.min(blockLength, holes - b * blockLength));
    int[] shares = BlockPlanning.shares(own, steps);
    return SizePlan.of(
        IntStream.range(0, own.length)
            .flatMap(b -> Arrays.stream(planned(own[b], shares[b], planner).sizes()))
            .toArray());
  }

  private SizePlan planned(int holes, int steps, IntFunction<SizePlan> planner) {
    int most = Math.min(holes, steps);
    return switch (plan) {
      case "optimal" -> planner.apply(most);
      case "balanced" -> SizePlan.balanced(holes, most);
      case "cosine" -> SizePlan.cosine(holes, most);
      case "geometric" -> SizePlan.geometric(holes, most, RATIO);
      case "front" -> SizePlan.front(holes, most);
      default -> SizePlan.back(holes, most);
    };
  }

  private TimeGrid grid(int steps) {
    return switch (grid) {
      case "uniform" -> TimeGrid.uniform(horizon, steps);
      case "exponential-then-constant" -> TimeGrid.exponentialThenConstant(horizon, delta, steps);
      case "alpha-linear" -> TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, steps);
      default -> TimeGrid.alphaCosine(Double.POSITIVE_INFINITY, steps);
    };
  }

  /** The choice whose price stands in for this one's where no curve can price it. */
  PlanChoice priced() {
    if (hasSizes()) {
      return OPTIMAL.withPlan(plan);
    }
    return TAU_LEAPING.contains(sampler)
        ? withCorrector(0)
        : ofSampler("modified-tau-leaping").withGrid(grid, horizon, delta);
  }

  @Override
  public String schedule() {
    return blockLength == 0
        ? ownSchedule()
        : ownSchedule()
            + " in blocks of "
            + blockLength
            + cache.map(kept -> ", " + kept).orElse("");
  }

  private String ownSchedule() {
    if (hasGrid()) {
      return grid;
    } else if (hasSizes()) {
      return sizes.isEmpty() ? plan : "sizes";
    }
    return switch (name(sampler)) {
      case "first-hitting" -> "one by one";
      case "remask-loop" -> "loop";
      default -> "adaptive";
    };
  }
}
