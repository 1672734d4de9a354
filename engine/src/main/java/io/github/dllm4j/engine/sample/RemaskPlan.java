package io.github.dllm4j.engine.sample;

import java.util.Arrays;
import java.util.Locale;

/**
 * Remasking (ReMDM, Wang, Schiff, Sahoo, Kuleshov, arXiv 2503.00307, checked there against the
 * public code; spec 5.6): from alpha_t to alpha_s, with s the remasking probability,
 *
 * <pre>
 * a filled hole is masked again with probability s
 * a masked hole is filled with probability (alpha_s - (1 - s) alpha_t) / (1 - alpha_t)
 * s is at most smax = min(1, (1 - alpha_s) / alpha_t), and 1 at alpha_t = 0
 *
 * cap          s = min(eta, smax)
 * rescale      s = eta smax
 * confidence   s_i = smax exp(-c_i) / sum_j exp(-c_j) over the filled holes; c_i is the probability
 *              that token i had when it was drawn
 * loop         alpha stays at one value in the middle, and only there s = min(eta, smax)
 * </pre>
 *
 * <p>so that a hole is filled with probability alpha_s after the step, whatever s. Except by
 * confidence: there s is 0 for a masked hole, which is filled with probability (alpha_s - alpha_t)
 * / (1 - alpha_t), and a little more stays masked until the last step. Unless by confidence, which
 * holes are filled and masked does not depend on values. A step that fills nothing costs nothing.
 * With an exact predictor remasking only adds error; it can pay where it repairs a network's. No
 * bound is known.
 */
public final class RemaskPlan implements RevealPlan {
  private static final double LOOP_FROM = 0.45; // share of the steps before the loop
  private static final double LOOP_TO = 0.95; // share of the steps before its end
  private static final double LOOP_ALPHA = 0.9;

  private final String name;
  private final double[] sigmas; // nats, not ascending, [steps + 1]
  private final double[] remask; // s, by confidence that of all holes together, [steps]
  private final boolean byConfidence;

  private RemaskPlan(String name, double[] sigmas, double[] remask, boolean byConfidence) {
    this.name = name;
    this.sigmas = sigmas;
    this.remask = remask;
    this.byConfidence = byConfidence;
  }

  /**
   * Remasks with probability eta, or the most there can be if that is less.
   *
   * @param grid where the sampler stops
   * @param eta in [0, 1]; 0 never remasks
   */
  public static RemaskPlan capped(TimeGrid grid, double eta) {
    checkEta(eta);
    double[] remask = most(grid.toArray());
    Arrays.setAll(remask, k -> Math.min(eta, remask[k]));
    return new RemaskPlan("capped " + eta, grid.toArray(), remask, false);
  }

  /**
   * Remasks with eta times the most probability there can be.
   *
   * @param grid where the sampler stops
   * @param eta in [0, 1]; 1 remasks as much as possible
   */
  public static RemaskPlan rescaled(TimeGrid grid, double eta) {
    checkEta(eta);
    double[] remask = most(grid.toArray());
    Arrays.setAll(remask, k -> eta * remask[k]);
    return new RemaskPlan("rescaled " + eta, grid.toArray(), remask, false);
  }

  /**
   * Remasks about one hole per step, rather one that was drawn against the odds.
   *
   * @param grid where the sampler stops
   */
  public static RemaskPlan byConfidence(TimeGrid grid) {
    return new RemaskPlan("by confidence", grid.toArray(), most(grid.toArray()), true);
  }

  /**
   * Rises to alpha = 0.9 in the first 45% of the time, exchanges tokens there for half of it, and
   * fills the rest in the last 5%; piecewise linear.
   *
   * @param steps N, at least 1
   * @param eta remasking probability in the middle, in [0, 1], or the most there can be
   */
  public static RemaskPlan loop(int steps, double eta) {
    checkEta(eta);
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    double[] sigmas = new double[steps + 1];
    Arrays.setAll(sigmas, k -> loopSigma(k / (double) steps));
    double[] remask = most(sigmas);
    for (int k = 0; k < steps; k++) {
      double share = k / (double) steps;
      boolean inside = share >= LOOP_FROM && share < LOOP_TO;
      remask[k] = inside ? Math.min(eta, remask[k]) : 0;
    }
    return new RemaskPlan("loop " + eta, sigmas, remask, false);
  }

  private static double loopSigma(double share) {
    if (share <= LOOP_FROM) {
      return -Math.log(LOOP_ALPHA * share / LOOP_FROM);
    } else if (share <= LOOP_TO) {
      return -Math.log(LOOP_ALPHA);
    }
    double left = (1 - LOOP_ALPHA) * (1 - share) / (1 - LOOP_TO);
    return Math.max(0, -Math.log1p(-left));
  }

  /**
   * Modified tau-leaping with the forward-backward corrector (Campbell et al., arXiv 2205.14987;
   * uniform-diffusion spec 8.1): after every step but the last, moves at the level reached, which
   * run noise and denoising for a time h at once. Their rates, 1 for masking and p(.|x) / (e^u - 1)
   * for filling, leave the noisy law invariant; made in one leap the moves drift by O(h^2), by what
   * several holes filled at once depend on each other. Here s = 1 - e^-h, and the chance of filling
   * is ReMDM's at alpha_s = alpha_t, (1 - e^-h) / (e^u - 1), so that the number of masks does not
   * drift at all.
   *
   * @param grid where the sampler stops
   * @param moves after every step but the last, at least 0
   * @param h time of a move, nats, at least 0
   */
  public static RemaskPlan forwardBackward(TimeGrid grid, int moves, double h) {
    if (moves < 0) {
      throw new IllegalArgumentException("moves must be at least 0, got " + moves);
    }
    if (!(h >= 0)) {
      throw new IllegalArgumentException("h must be at least 0 nats, got " + h);
    }
    int steps = ReversePlan.moves(grid.steps(), moves);
    double[] sigmas = new double[steps + 1];
    double[] remask = new double[steps];
    for (int k = 0; k < steps; k++) {
      sigmas[k] = grid.level((k + moves) / (moves + 1));
    }
    double[] most = most(sigmas);
    for (int k = 0; k < steps; k++) {
      boolean corrects = k % (moves + 1) != 0;
      remask[k] = corrects ? Math.min(-Math.expm1(-h), most[k]) : 0;
    }
    String name = String.format(Locale.ROOT, "forward-backward %d x %s", moves, h);
    return new RemaskPlan(name, sigmas, remask, false);
  }

  private static void checkEta(double eta) {
    if (!(eta >= 0 && eta <= 1)) {
      throw new IllegalArgumentException("eta must be in [0, 1], got " + eta);
    }
  }

  /** The most remasking probability of each step, [steps]; 0 where it ends without noise. */
  private static double[] most(double[] sigmas) {
    double[] most = new double[sigmas.length - 1];
    for (int k = 0; k < most.length; k++) {
      double masked = -Math.expm1(-sigmas[k + 1]);
      most[k] = masked == 0 ? 0 : Math.min(1, masked / Math.exp(-sigmas[k]));
    }
    return most;
  }

  /** Number of steps N. */
  public int steps() {
    return remask.length;
  }

  @Override
  public int steps(int holes) {
    return remask.length;
  }

  @Override
  public boolean heuristic() {
    return true;
  }

  /** Total noise at a step, nats. */
  double sigma(int step) {
    return sigmas[step];
  }

  /** Whether remasking looks at the probabilities that tokens had when they were drawn. */
  public boolean looksAtConfidence() {
    return byConfidence;
  }

  /**
   * Probabilities that a step masks each filled hole again.
   *
   * @param step index of the step
   * @param confidences that the tokens had when they were drawn, [filled]; only their number counts
   *     unless by confidence
   * @return [filled]
   */
  public double[] remaskChances(int step, double[] confidences) {
    double[] chances = new double[confidences.length];
    Arrays.fill(chances, remask[step]);
    if (byConfidence) {
      double sum = Arrays.stream(confidences).map(c -> Math.exp(-c)).sum();
      Arrays.setAll(chances, i -> remask[step] * Math.exp(-confidences[i]) / sum);
    }
    return chances;
  }

  /** Probability that a step fills a masked hole. */
  public double fillChance(int step) {
    double u0 = sigmas[step];
    double u1 = sigmas[step + 1];
    double filled = u0 == u1 ? 0 : TauLeaping.MODIFIED.unmaskProbability(u0, u1, 1);
    double refilled = byConfidence ? 0 : remask[step] * Math.exp(-u0) / -Math.expm1(-u0);
    return Math.min(1, filled + refilled);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "RemaskPlan[%s, steps=%d]", name, remask.length);
  }
}
