package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Optional;

/**
 * With L the sum of the rates r_b and h = sigma_t - sigma_s,
 *
 * <pre>
 * truncated:  K_b = (1 - e^(-hL)) r_b / L      the first of the jumps, the rates frozen at t
 * rejecting:  K_b = h r_b e^(-hL)              moves only if exactly one of all clocks rings
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 6.2; the second is Campbell et al. 2022 for categorical data.
 * First order; never clipped. Theorem 11 does not cover it: under uniform noise its path divergence
 * is infinite. Cost O(S) for uniform noise.
 *
 * @param rejecting whether a second jump undoes the first
 */
record TruncatedTauKernel(boolean rejecting) implements ReverseKernel {

  @Override
  public double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    Reversal.check(process, leaveOneOut, token, from, to);
    double h = Reversal.step(from, to);
    double[] row = Reversal.rates(process, leaveOneOut, token, from.sigma());
    double exit = 0;
    for (double rate : row) {
      exit += rate;
    }
    double moved = rejecting ? h * exit * Math.exp(-h * exit) : -Math.expm1(-h * exit);
    for (int b = 0; b < row.length; b++) {
      row[b] = exit == 0 ? 0 : row[b] / exit * moved;
    }
    row[token] = rejecting ? 1 - moved : Math.exp(-h * exit);
    return row;
  }

  @Override
  public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
    double h = Reversal.step(from, to);
    Line rates = Reversal.uniformRates(tokens, ofToken, from.sigma());
    double leaving = h * rates.own();
    double moved = rejecting ? leaving * Math.exp(-leaving) : -Math.expm1(-leaving);
    double factor = rates.own() == 0 ? 0 : moved / rates.own();
    double own = rejecting ? 1 - moved : Math.exp(-leaving);
    return Optional.of(new Line(factor * rates.scale(), factor * rates.shift(), own));
  }
}
