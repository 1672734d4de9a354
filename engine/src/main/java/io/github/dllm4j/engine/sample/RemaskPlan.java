package io.github.dllm4j.engine.sample;

import java.util.Locale;

/**
 * Remasking (ReMDM, Wang, Schiff, Sahoo, Kuleshov, arXiv 2503.00307, checked there against the
 * public code): from alpha_t to alpha_s, with s the remasking probability,
 *
 * <pre>
 * a filled hole is masked again with probability s
 * a masked hole is filled with probability (alpha_s - (1 - s) alpha_t) / (1 - alpha_t)
 * s is at most min(1, (1 - alpha_s) / alpha_t), and 1 at alpha_t = 0
 * </pre>
 *
 * <p>so that a hole is filled with probability alpha_s after the step, whatever s. Which holes are
 * filled and masked does not depend on values, so it is drawn ahead, and a step that fills nothing
 * costs nothing. With an exact predictor remasking only adds error; it can pay where it repairs a
 * network's. No bound is known.
 */
public final class RemaskPlan implements RevealPlan {
  private final TimeGrid grid;
  private final boolean rescaled;
  private final double eta;

  private RemaskPlan(TimeGrid grid, boolean rescaled, double eta) {
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta must be in [0, 1], got " + eta);
    }
    this.grid = grid;
    this.rescaled = rescaled;
    this.eta = eta;
  }

  /**
   * Remasks with probability eta, or the most there can be if that is less.
   *
   * @param grid where the sampler stops
   * @param eta in [0, 1]; 0 never remasks
   */
  public static RemaskPlan capped(TimeGrid grid, double eta) {
    return new RemaskPlan(grid, false, eta);
  }

  /**
   * Remasks with eta times the most probability there can be.
   *
   * @param grid where the sampler stops
   * @param eta in [0, 1]; 1 remasks as much as possible
   */
  public static RemaskPlan rescaled(TimeGrid grid, double eta) {
    return new RemaskPlan(grid, true, eta);
  }

  /** Number of steps N. */
  public int steps() {
    return grid.steps();
  }

  @Override
  public int steps(int holes) {
    return grid.steps();
  }

  @Override
  public boolean heuristic() {
    return true;
  }

  /** Total noise at a step, nats. */
  double sigma(int step) {
    return grid.level(step);
  }

  /** Probability that a step masks a filled hole again. */
  public double remaskChance(int step) {
    double alphaT = Math.exp(-grid.level(step));
    double most = Math.min(1, -Math.expm1(-grid.level(step + 1)) / alphaT);
    return rescaled ? eta * most : Math.min(eta, most);
  }

  /** Probability that a step fills a masked hole. */
  public double fillChance(int step) {
    double u0 = grid.level(step);
    double filled = TauLeaping.MODIFIED.unmaskProbability(u0, grid.level(step + 1), 1);
    double refilled = remaskChance(step) * Math.exp(-u0) / -Math.expm1(-u0);
    return Math.min(1, filled + refilled);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "RemaskPlan[%s %s, %s]", rescaled ? "rescaled" : "capped", eta, grid);
  }
}
