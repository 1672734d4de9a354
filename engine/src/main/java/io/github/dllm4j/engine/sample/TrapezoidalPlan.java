package io.github.dllm4j.engine.sample;

import java.util.Locale;

/**
 * The theta-trapezoidal sampler (Ren, Chen, Zhu, Guo, Chen, Rotskoff, Tao, Ying, arXiv 2502.00234;
 * spec 5.7): two network calls per step. In the clock v = -ln(mask probability), whose reverse
 * rates are the laws p(.|x) themselves, a step of length dv leaps twice:
 *
 * <pre>
 * x -&gt; y   for theta dv        with rates  p(.|x)
 * y -&gt; z   for (1 - theta) dv  with rates  (a1 p(.|y) - a2 p(.|x))_+
 * a1 = 1 / (2 theta (1 - theta)),  a2 = a1 - 1
 * </pre>
 *
 * <p>A leap of length l fills a hole of total rate L with probability 1 - exp(-l L), by value in
 * proportion to the rates. The last step fills everything at once in one call. Departs from the
 * source in the clock (theirs diverges at data) and in filling a hole at most once.
 *
 * <p>Total variation falls like 1/N^2 as long as no token makes a value of another rarer than a2/a1
 * of what it was (1/2 at theta = 1/2); else the positive part cuts rates off and it falls like 1/N,
 * with a smaller constant than one call per step has. At equal calls it pays where the law has full
 * support and not under hard constraints (MaskedOrderTest measures all three).
 *
 * <p>How likely a hole is to be filled depends on the laws of two canvases, so this is neither a
 * {@link ScheduledPlan} nor an {@link AdaptivePlan}: it needs all laws of the holes on the heap,
 * batch * holes * vocabulary doubles, and 2N - 1 calls. No bound that could be computed is known.
 */
public final class TrapezoidalPlan implements RevealPlan {
  private final TimeGrid grid;
  private final double theta;
  private final double now; // a1
  private final double then; // a2

  private TrapezoidalPlan(TimeGrid grid, double theta) {
    if (!(theta > 0 && theta < 1)) {
      throw new IllegalArgumentException("theta must be in (0, 1), got " + theta);
    }
    this.grid = grid;
    this.theta = theta;
    now = 1 / (2 * theta * (1 - theta));
    then = (theta * theta + (1 - theta) * (1 - theta)) * now;
  }

  /**
   * The sampler on a grid.
   *
   * @param grid where the sampler stops, N steps
   * @param theta where in a step the second call is made, in (0, 1)
   */
  public static TrapezoidalPlan of(TimeGrid grid, double theta) {
    return new TrapezoidalPlan(grid, theta);
  }

  @Override
  public int steps(int holes) {
    return grid.steps();
  }

  @Override
  public boolean heuristic() {
    return true;
  }

  /** Whether a step has only its first leap, which fills everything: the last one. */
  public boolean isLast(int step) {
    return step == grid.steps() - 1;
  }

  /** Probability that the first leap of a step fills a masked hole. */
  public double firstChance(int step) {
    return isLast(step)
        ? 1
        : TauLeaping.MODIFIED.unmaskProbability(grid.level(step), grid.level(step + 1), theta);
  }

  /**
   * Rates of the second leap of a step at one hole.
   *
   * @param before law at the hole before the first leap, [vocabulary]
   * @param after law after it, [vocabulary]
   * @return rates in the clock v, [vocabulary]; MASK has none
   */
  public double[] secondRates(double[] before, double[] after) {
    double[] rates = new double[after.length];
    for (int a = 0; a < rates.length; a++) {
      rates[a] = Math.max(0, now * after[a] - then * before[a]);
    }
    return rates;
  }

  /** Probability that the second leap of a step fills a hole of some total rate. */
  public double secondChance(int step, double totalRate) {
    if (totalRate == 0) {
      return 0;
    }
    double c = (1 - theta) * totalRate;
    return TauLeaping.MODIFIED.unmaskProbability(grid.level(step), grid.level(step + 1), c);
  }

  /** Total noise before the first leap of a step, or before the second, nats. */
  double sigma(int step, boolean second) {
    if (!second) {
      return grid.level(step);
    }
    double filled =
        TauLeaping.MODIFIED.unmaskProbability(grid.level(step), grid.level(step + 1), theta);
    return -Math.log1p(Math.expm1(-grid.level(step)) * (1 - filled));
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "TrapezoidalPlan[theta=%s, %s]", theta, grid);
  }
}
