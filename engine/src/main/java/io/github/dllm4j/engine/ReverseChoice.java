package io.github.dllm4j.engine;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.List;
import java.util.Locale;

/**
 * Names to samplers of uniform noise (uniform-diffusion spec 6 and 8).
 *
 * @param sampler tweedie, euler, tau-leaping, rejecting-tau-leaping, additive-tau-leaping or
 *     maximal-coupling
 * @param grid log-linear (epsilon 1e-3), uniform, geometric or halving
 * @param horizon of the last three, nats, above 0
 * @param sigmaMin last level before 0 of geometric and halving, nats, in (0, horizon)
 * @param corrector none or gibbs: updates at every level but the last
 * @param correctorSteps updates per level, each one network evaluation, at least 1
 * @param correctorSites of Gibbs: random, sweep, or parallel:k, which is heuristic
 */
public record ReverseChoice(
    String sampler,
    String grid,
    double horizon,
    double sigmaMin,
    String corrector,
    int correctorSteps,
    String correctorSites)
    implements SamplerChoice {
  /** The names of the samplers. */
  public static final List<String> SAMPLERS =
      List.of(
          "tweedie",
          "euler",
          "tau-leaping",
          "rejecting-tau-leaping",
          "additive-tau-leaping",
          "maximal-coupling");

  /** The names of the grids. */
  public static final List<String> GRIDS = List.of("log-linear", "uniform", "geometric", "halving");

  /** Horizon of the geometric grid unless another is given, nats. */
  public static final double GEOMETRIC_HORIZON = 6;

  /** Least noise of the geometric and halving grids unless another is given, nats. */
  public static final double DEFAULT_SIGMA_MIN = 0.01;

  /** The exact posterior of each token on the log-linear grid. */
  public static final ReverseChoice TWEEDIE = ofSampler("tweedie");

  /** Checks the names and numbers. */
  public ReverseChoice {
    require("sampler", sampler, SAMPLERS);
    require("grid", grid, GRIDS);
    require("corrector", corrector, List.of("none", "gibbs"));
    if (!(horizon > 0 && horizon <= 1000)) {
      throw new IllegalArgumentException("horizon must be above 0, at most 1000, got " + horizon);
    }
    if (!(sigmaMin > 0 && (sigmaMin < horizon || !hasSigmaMin(grid)))) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "sigma-min must be above 0 and below the horizon %s, got %s",
              horizon,
              sigmaMin));
    }
    if (correctorSteps < 1 || correctorSteps > 100_000) {
      throw new IllegalArgumentException(
          "corrector-steps must be 1 to 100,000, got " + correctorSteps);
    }
    if (!correctorSites.matches("random|sweep|parallel:[1-9][0-9]{0,6}")) {
      throw new IllegalArgumentException(
          "corrector-sites must be random, sweep or parallel:k, got " + correctorSites);
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

  /** A sampler on the log-linear grid, without corrector. */
  public static ReverseChoice ofSampler(String sampler) {
    return new ReverseChoice(
        sampler, "log-linear", PlanChoice.DEFAULT_HORIZON, DEFAULT_SIGMA_MIN, "none", 1, "random");
  }

  /** The same on another grid, with the horizon that is usual for it. */
  public ReverseChoice withGrid(String value) {
    double usual = value.equals("geometric") ? GEOMETRIC_HORIZON : PlanChoice.DEFAULT_HORIZON;
    return withGrid(value, usual, DEFAULT_SIGMA_MIN);
  }

  /** The same on another grid. */
  public ReverseChoice withGrid(String value, double newHorizon, double newSigmaMin) {
    return new ReverseChoice(
        sampler, value, newHorizon, newSigmaMin, corrector, correctorSteps, correctorSites);
  }

  /** The same with another corrector. */
  public ReverseChoice withCorrector(String value, int steps, String sites) {
    return new ReverseChoice(sampler, grid, horizon, sigmaMin, value, steps, sites);
  }

  /** Whether the grid has a horizon. */
  public boolean hasHorizon() {
    return !grid.equals("log-linear");
  }

  /** Whether the grid has a least noise. */
  public boolean hasSigmaMin() {
    return hasSigmaMin(grid);
  }

  private static boolean hasSigmaMin(String grid) {
    return grid.equals("geometric") || grid.equals("halving");
  }

  /** Whether the number of steps is for the caller to choose. */
  public boolean hasSteps() {
    return !grid.equals("halving");
  }

  /** Whether the corrector moves the law it should keep. */
  public boolean heuristic() {
    return !corrector.equals("none") && !gibbs().exact();
  }

  /**
   * The plan of a number of steps; every step is by the named kernel, the last one too.
   *
   * @param steps at least 1; not used where the grid decides
   */
  public ReversePlan plan(int steps) {
    ReversePlan plan = ReversePlan.of(grid(steps), kernel());
    return corrector.equals("none") ? plan : plan.withCorrector(gibbs());
  }

  private ReverseKernel kernel() {
    return switch (sampler) {
      case "tweedie" -> ReverseKernel.tweedie();
      case "euler" -> ReverseKernel.euler();
      case "tau-leaping" -> ReverseKernel.tauLeaping();
      case "rejecting-tau-leaping" -> ReverseKernel.rejectingTauLeaping();
      case "additive-tau-leaping" -> ReverseKernel.additiveTauLeaping();
      default -> ReverseKernel.maximalCoupling();
    };
  }

  private TimeGrid grid(int steps) {
    return switch (grid) {
      case "log-linear" -> TimeGrid.logLinear(NoiseSchedule.DEFAULT_EPSILON, steps);
      case "uniform" -> TimeGrid.uniform(horizon, steps);
      case "geometric" -> TimeGrid.geometric(horizon, sigmaMin, steps);
      default -> TimeGrid.halving(horizon, sigmaMin);
    };
  }

  private GibbsCorrector gibbs() {
    return switch (correctorSites) {
      case "random" -> GibbsCorrector.random(correctorSteps);
      case "sweep" -> GibbsCorrector.sweep(correctorSteps);
      default ->
          GibbsCorrector.parallel(
              Integer.parseInt(correctorSites.substring("parallel:".length())), correctorSteps);
    };
  }

  @Override
  public String schedule() {
    return grid;
  }
}
