package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Optional;

/**
 * K_b in proportion to (loo P(sigma_s))_b P_{sigma_t - sigma_s}(b, x): the exact posterior of one
 * token at s given the whole sequence at t, alias ancestral or analytic sampling.
 *
 * <p>Source: uniform-diffusion spec 6.4, LOO form; equal to the bridge of D3PM (Austin et al. 2021)
 * and UDLM (Schiff et al. 2025) with a leave-one-out law in it. With a denoiser in its place the
 * sampler does not converge. Any levels, infinity included; at s = 0 it draws from the denoiser.
 * Cost O(S) for uniform noise.
 */
record TweedieKernel() implements ReverseKernel {

  @Override
  public double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    Reversal.check(process, leaveOneOut, token, from, to);
    double[] before = process.marginal(leaveOneOut, to.sigma());
    return Reversal.times(process, before, token, from.sigma() - to.sigma());
  }

  @Override
  public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
    double kept = Math.exp(-to.sigma());
    double redrawn = -Math.expm1(-to.sigma()) / tokens;
    double between = from.sigma() - to.sigma();
    double other = -Math.expm1(-between) / tokens;
    double own = (kept * ofToken + redrawn) * (Math.exp(-between) + other);
    return Optional.of(new Line(kept * other, redrawn * other, own));
  }
}
