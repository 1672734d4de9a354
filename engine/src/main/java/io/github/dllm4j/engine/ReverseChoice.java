package io.github.dllm4j.engine;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.info.ReverseCost;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.sample.ConfidenceCorrector;
import io.github.dllm4j.engine.sample.Corrector;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.RateCorrector;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.SiteRule;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.sample.Uniformization;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Names to samplers of uniform noise (uniform-diffusion spec 6 and 8).
 *
 * @param sampler tweedie, euler, tau-leaping, rejecting-tau-leaping, additive-tau-leaping,
 *     maximal-coupling, psi:X with X the share of Tweedie; or uniformization, exact simulation
 *     without steps and correctors from the horizon down to sigmaMin
 * @param grid log-linear (epsilon 1e-3), uniform, geometric, halving, or optimal: that of least
 *     path KL ({@link ReversePlanner}), which needs the model's measured rates
 * @param horizon of the last three, nats, above 0
 * @param sigmaMin last level before 0 of geometric and halving, nats, in (0, horizon)
 * @param corrector none or gibbs; heuristic: ctmc, balanced:sqrt, balanced:barker and balanced:min,
 *     jump processes run for half the noise of the step before; at every level but the last
 * @param correctorSteps updates per level, each one network evaluation, at least 1
 * @param correctorSites of Gibbs: random, sweep or confidence-metropolis, which are exact, or
 *     parallel:k or confidence, which are heuristic; the confident ones may end in a rule,
 *     :log-margin (unless another is given), :current-probability or :max-probability
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
  /** The names of the samplers that step down a grid; psi:X is another. */
  public static final List<String> SAMPLERS =
      List.of(
          "tweedie",
          "euler",
          "tau-leaping",
          "rejecting-tau-leaping",
          "additive-tau-leaping",
          "maximal-coupling");

  /** The sampler that simulates the reverse process exactly. */
  public static final String UNIFORMIZATION = "uniformization";

  /** The names of the correctors. */
  public static final List<String> CORRECTORS =
      List.of("none", "gibbs", "ctmc", "balanced:sqrt", "balanced:barker", "balanced:min");

  /** The grid of least path KL. */
  public static final String OPTIMAL = "optimal";

  /** The names of the grids. */
  public static final List<String> GRIDS =
      List.of("log-linear", "uniform", "geometric", "halving", OPTIMAL);

  private static final Pattern PSI = Pattern.compile("psi:(0(\\.[0-9]+)?|1(\\.0+)?)");
  private static final Pattern SITES =
      Pattern.compile(
          "random|sweep|parallel:[1-9][0-9]{0,6}"
              + "|confidence(-metropolis)?(:(log-margin|current-probability|max-probability))?");

  /** Horizon of the geometric grid unless another is given, nats. */
  public static final double GEOMETRIC_HORIZON = 6;

  /** Least noise of the geometric and halving grids unless another is given, nats. */
  public static final double DEFAULT_SIGMA_MIN = 0.01;

  /** The exact posterior of each token on the log-linear grid. */
  public static final ReverseChoice TWEEDIE = ofSampler("tweedie");

  /** Checks the names and numbers. */
  public ReverseChoice {
    if (!SAMPLERS.contains(sampler)
        && !sampler.equals(UNIFORMIZATION)
        && !PSI.matcher(sampler).matches()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "sampler must be one of %s, psi:X with X in [0, 1], %s, got %s%s",
              String.join(", ", SAMPLERS),
              UNIFORMIZATION,
              sampler,
              sampler.matches("audm|reaudm") ? ", which needs a network that reads u too" : ""));
    }
    require("grid", grid, GRIDS);
    require("corrector", corrector, CORRECTORS);
    if (sampler.equals(UNIFORMIZATION) && !corrector.equals("none")) {
      throw new IllegalArgumentException(
          "uniformization is exact: it takes no corrector, got " + corrector);
    }
    if (!(horizon > 0 && horizon <= 1000)) {
      throw new IllegalArgumentException("horizon must be above 0, at most 1000, got " + horizon);
    }
    if (!(sigmaMin > 0
        && (sigmaMin < horizon || !(hasSigmaMin(grid) || sampler.equals(UNIFORMIZATION))))) {
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
    if (!SITES.matcher(correctorSites).matches()) {
      throw new IllegalArgumentException(
          "corrector-sites must be random, sweep, parallel:k, confidence[:rule] or"
              + " confidence-metropolis[:rule], rule log-margin, current-probability or"
              + " max-probability, got "
              + correctorSites);
    }
    if (!correctorSites.equals("random") && !corrector.equals("gibbs")) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "corrector-sites are for the corrector gibbs, got %s and %s",
              correctorSites,
              corrector));
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

  /** Whether the sampler steps down a grid. */
  public boolean hasGrid() {
    return !sampler.equals(UNIFORMIZATION);
  }

  /** Whether {@link #horizon} matters. */
  public boolean hasHorizon() {
    return !hasGrid() || !(grid.equals("log-linear") || grid.equals(OPTIMAL));
  }

  /** Whether {@link #sigmaMin} matters. */
  public boolean hasSigmaMin() {
    return !hasGrid() || hasSigmaMin(grid);
  }

  private static boolean hasSigmaMin(String grid) {
    return grid.equals("geometric") || grid.equals("halving");
  }

  @Override
  public boolean hasSteps() {
    return hasGrid() && !grid.equals("halving");
  }

  /** Whether the corrector moves the law it should keep. */
  public boolean heuristic() {
    return !corrector.equals("none") && !correction().exact();
  }

  /** The exact simulation that {@link #UNIFORMIZATION} names. */
  public Uniformization uniformization() {
    if (hasGrid()) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "sampler must be %s, got %s", UNIFORMIZATION, sampler));
    }
    return new Uniformization(horizon, sigmaMin);
  }

  /**
   * The plan of a number of steps; every step is by the named kernel, the last one too.
   *
   * @param steps at least 1; not used where the grid decides
   * @throws IllegalArgumentException if the sampler has no grid
   */
  public ReversePlan plan(int steps) {
    return plan(
        steps,
        () -> {
          throw new IllegalArgumentException("the optimal grid needs measured rates: none given");
        });
  }

  /**
   * The same where the grid may be the optimal one.
   *
   * @param planner asked for the optimal grid only
   */
  public ReversePlan plan(int steps, Supplier<ReversePlanner> planner) {
    if (!hasGrid()) {
      throw new IllegalArgumentException(sampler + " has no plan of steps");
    }
    ReversePlan plan = ReversePlan.of(grid(steps, planner), kernel());
    return corrector.equals("none") ? plan : plan.withCorrector(correction());
  }

  /** Whether {@link ReverseCost#pathKl} bounds what the samples lose (spec 5). */
  boolean hasPathKl() {
    return corrector.equals("none")
        && (sampler.equals("tweedie") || sampler.equals("additive-tau-leaping"));
  }

  private ReverseKernel kernel() {
    return switch (sampler) {
      case "tweedie" -> ReverseKernel.tweedie();
      case "euler" -> ReverseKernel.euler();
      case "tau-leaping" -> ReverseKernel.tauLeaping();
      case "rejecting-tau-leaping" -> ReverseKernel.rejectingTauLeaping();
      case "additive-tau-leaping" -> ReverseKernel.additiveTauLeaping();
      case "maximal-coupling" -> ReverseKernel.maximalCoupling();
      default -> ReverseKernel.psi(Double.parseDouble(after(sampler, "")));
    };
  }

  /** The levels of so many steps; the planner is asked for the optimal ones only. */
  TimeGrid grid(int steps, Supplier<ReversePlanner> planner) {
    return switch (grid) {
      case OPTIMAL -> planner.get().forSteps(steps);
      case "log-linear" -> TimeGrid.logLinear(NoiseSchedule.DEFAULT_EPSILON, steps);
      case "uniform" -> TimeGrid.uniform(horizon, steps);
      case "geometric" -> TimeGrid.geometric(horizon, sigmaMin, steps);
      default -> TimeGrid.halving(horizon, sigmaMin);
    };
  }

  private Corrector correction() {
    return switch (corrector) {
      case "gibbs" -> gibbs();
      case "ctmc" -> jumps(TokenRates.FORWARD_BACKWARD);
      case "balanced:sqrt" -> jumps(TokenRates.SQUARE_ROOT);
      case "balanced:barker" -> jumps(TokenRates.BARKER);
      default -> jumps(TokenRates.MINIMUM);
    };
  }

  private Corrector jumps(TokenRates rates) {
    return RateCorrector.ofShare(rates, 0.5, correctorSteps);
  }

  private Corrector gibbs() {
    String rule = after(correctorSites, "log-margin");
    return switch (correctorSites.replaceFirst(":.*", "")) {
      case "random" -> GibbsCorrector.random(correctorSteps);
      case "sweep" -> GibbsCorrector.sweep(correctorSteps);
      case "parallel" -> GibbsCorrector.parallel(Integer.parseInt(rule), correctorSteps);
      case "confidence" -> ConfidenceCorrector.raw(siteRule(rule), 1, correctorSteps);
      default -> ConfidenceCorrector.metropolis(siteRule(rule), 1, correctorSteps);
    };
  }

  private static SiteRule siteRule(String name) {
    return switch (name) {
      case "log-margin" -> SiteRule.LOWEST_LOG_MARGIN;
      case "current-probability" -> SiteRule.LOWEST_CURRENT_PROBABILITY;
      default -> SiteRule.LOWEST_MAX_PROBABILITY;
    };
  }

  /** What stands after the colon. */
  private static String after(String name, String without) {
    int colon = name.indexOf(':');
    return colon < 0 ? without : name.substring(colon + 1);
  }

  @Override
  public String schedule() {
    return hasGrid() ? grid : "events";
  }
}
