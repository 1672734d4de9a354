package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Optional;

/**
 * K = w den + (1 - w) [b = x] with w = (alpha_s - alpha_t)/(1 - alpha_t): each token is redrawn
 * from the denoiser or stays.
 *
 * <p>Source: Gourevitch et al. (rev_udm), uniform-diffusion spec 6.5. For masking and uniform noise
 * it keeps the one-token marginals, with another joint law than the noise process; for masking it
 * is ancestral sampling. Cost O(S).
 */
record MaximalCouplingKernel() implements ReverseKernel {

  @Override
  public double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    Reversal.check(process, leaveOneOut, token, from, to);
    double step = from.sigma() - to.sigma();
    double redrawn = Math.exp(-to.sigma()) * Math.expm1(-step) / Math.expm1(-from.sigma());
    double[] row = Reversal.times(process, leaveOneOut, token, from.sigma());
    for (int b = 0; b < row.length; b++) {
      row[b] *= redrawn;
    }
    row[token] += 1 - redrawn;
    return row;
  }

  @Override
  public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
    double step = from.sigma() - to.sigma();
    double redrawn = Math.exp(-to.sigma()) * Math.expm1(-step) / Math.expm1(-from.sigma());
    Line denoiser = Reversal.uniformDenoiser(tokens, ofToken, from.sigma());
    double own = Math.max(0, redrawn * denoiser.own() + 1 - redrawn);
    return Optional.of(new Line(redrawn * denoiser.scale(), 0, own));
  }
}
