package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.schedule.NoiseLevel;

/**
 * What one move does with a token, in two stages, because guidance mixes between them: {@link #law}
 * turns a leave-one-out law into the law that guidance may mix, {@link #row} turns that into the
 * law of the new token. Cost O(S) each.
 */
sealed interface Transition {

  /** The noise level at which the network is asked. */
  NoiseLevel level();

  /** What guidance mixes, from p(x0 at i | the other noisy tokens), [S]; a new array. */
  double[] law(NoiseProcess process, double[] leaveOneOut, int token);

  /** The law of the new token from what {@link #law} said, mixed or not, [S]. */
  default double[] row(NoiseProcess process, double[] law, int token) {
    return law;
  }

  /** A step by a kernel; guidance mixes its rows (D-CFG, uniform-diffusion spec 11). */
  record Step(ReverseKernel kernel, NoiseLevel from, NoiseLevel to) implements Transition {
    @Override
    public NoiseLevel level() {
      return from;
    }

    @Override
    public double[] law(NoiseProcess process, double[] leaveOneOut, int token) {
      return kernel.row(process, leaveOneOut, token, from, to);
    }
  }

  /** A Gibbs update at a fixed level: the token is redrawn from cond = loo P(sigma). */
  record Redraw(NoiseLevel level) implements Transition {
    @Override
    public double[] law(NoiseProcess process, double[] leaveOneOut, int token) {
      return process.marginal(leaveOneOut, level.sigma());
    }
  }

  /**
   * The first jump of the (guided) reverse rates r_b = Q[b][x] cond_b / cond_x, frozen at the level
   * before: K_x = exp(-h L), K_b = (1 - exp(-h L)) r_b / L, L = sum of r, h the step. Where cond_x
   * is 0, or too small to divide by, L is infinite: the token jumps, K_b in proportion to Q[b][x]
   * cond_b. With unguided laws it is {@link ReverseKernel#tauLeaping}.
   */
  record Leap(NoiseLevel from, NoiseLevel to) implements Transition {
    @Override
    public NoiseLevel level() {
      return from;
    }

    @Override
    public double[] law(NoiseProcess process, double[] leaveOneOut, int token) {
      return process.marginal(leaveOneOut, from.sigma());
    }

    @Override
    public double[] row(NoiseProcess process, double[] law, int token) {
      double[] row = rates(process, law, token);
      double exit = 0;
      for (double rate : row) {
        exit += rate;
      }
      if (!Double.isFinite(exit)) {
        return jump(process, law, token);
      }
      double h = from.sigma() - to.sigma();
      double moved = -Math.expm1(-h * exit);
      for (int b = 0; b < row.length; b++) {
        row[b] = exit == 0 ? 0 : row[b] / exit * moved;
      }
      row[token] = Math.exp(-h * exit);
      return row;
    }

    private static double[] jump(NoiseProcess process, double[] law, int token) {
      double[] row = new double[law.length];
      double total = 0;
      for (int b = 0; b < row.length; b++) {
        row[b] = b == token ? 0 : process.rate(b, token) * law[b];
        total += row[b];
      }
      for (int b = 0; b < row.length; b++) {
        row[b] = total == 0 ? 0 : row[b] / total;
      }
      row[token] = total == 0 ? 1 : 0; // nothing leads to where the law has its mass
      return row;
    }

    /** r_b per nat of noise, 0 at the token itself, [S]. */
    static double[] rates(NoiseProcess process, double[] conditional, int token) {
      double[] rates = new double[conditional.length];
      for (int b = 0; b < rates.length; b++) {
        double rate = b == token ? 0 : process.rate(b, token);
        rates[b] = rate == 0 ? 0 : rate * conditional[b] / conditional[token];
      }
      return rates;
    }
  }
}
