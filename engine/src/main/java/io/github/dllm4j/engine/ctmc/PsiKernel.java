package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Optional;

/**
 * K = kappa K_tweedie + (1 - kappa) (den P(sigma_s)): with probability 1 - kappa the noisy token is
 * forgotten and the denoiser's guess noised to the new level.
 *
 * <p>Source: the psi-samplers of Duo (Sahoo et al. 2025), of which ReMDM is the masked case;
 * uniform-diffusion spec 6.7. Keeps the law of a single token, not the joint law: below kappa = 1 a
 * step errs more than Tweedie's unless the tokens are independent. Cost O(S) for uniform noise.
 *
 * @param kappa share of Tweedie
 */
record PsiKernel(double kappa) implements ReverseKernel {

  PsiKernel {
    if (!(kappa >= 0 && kappa <= 1)) {
      throw new IllegalArgumentException("kappa must be in [0, 1], got " + kappa);
    }
  }

  @Override
  public double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to) {
    double[] row = ReverseKernel.tweedie().row(process, leaveOneOut, token, from, to);
    double[] denoiser = Reversal.times(process, leaveOneOut, token, from.sigma());
    double[] noised = process.marginal(denoiser, to.sigma());
    for (int b = 0; b < row.length; b++) {
      row[b] = kappa * row[b] + (1 - kappa) * noised[b];
    }
    return row;
  }

  @Override
  public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
    Line tweedie = new TweedieKernel().line(tokens, ofToken, from, to).orElseThrow();
    double others = tweedie.scale() * (1 - ofToken) + tweedie.shift() * (tokens - 1);
    double share = kappa / (others + tweedie.own());
    Line denoiser = Reversal.uniformDenoiser(tokens, ofToken, from.sigma());
    double kept = (1 - kappa) * Math.exp(-to.sigma());
    double redrawn = -(1 - kappa) * Math.expm1(-to.sigma()) / tokens;
    return Optional.of(
        new Line(
            share * tweedie.scale() + kept * denoiser.scale(),
            share * tweedie.shift() + redrawn,
            share * tweedie.own() + kept * denoiser.own() + redrawn));
  }
}
