package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Optional;

/**
 * K_b = h r_b for b != x, K_x = max(0, 1 - sum), renormalised. The step h is sigma_t - sigma_s, or
 * (t - s) sigma'(t) as in the code of SEDD (Lou, Meng, Ermon 2024), of which the former is the
 * integral.
 *
 * <p>Source: uniform-diffusion spec 6.1. First order; where h times the exit rate is above 1 the
 * row is clipped. Cost O(S) for uniform noise.
 *
 * @param inTime whether the step is (t - s) sigma'(t)
 */
record EulerKernel(boolean inTime) implements ReverseKernel {

  @Override
  public double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    Reversal.check(process, leaveOneOut, token, from, to);
    return TokenRates.REVERSE.euler(process, leaveOneOut, token, from.sigma(), step(from, to));
  }

  private double step(NoiseLevel from, NoiseLevel to) {
    double h = Reversal.step(from, to);
    return inTime ? (from.t() - to.t()) * from.sigmaRate() : h;
  }

  @Override
  public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
    double h = step(from, to);
    Line rates = Reversal.uniformRates(tokens, ofToken, from.sigma());
    return Optional.of(
        new Line(h * rates.scale(), h * rates.shift(), Math.max(0, 1 - h * rates.own())));
  }
}
