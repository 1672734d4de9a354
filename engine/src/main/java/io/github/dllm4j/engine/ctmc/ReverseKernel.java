package io.github.dllm4j.engine.ctmc;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Optional;

/**
 * One step of a reverse process from noise level t to a lower level s: the exact law of each token,
 * given what the network said about the old sequence. The tokens of a step are drawn independently
 * from these laws; that, and whatever the kernel simplifies, is the only approximation.
 *
 * <p>Every kernel reads the <em>leave-one-out</em> law loo_b = p(x0 at i = b | the other noisy
 * tokens) and works with every noise process, with cond = loo P(sigma_t) the law of the noisy token
 * given the others, s_b = cond_b / cond_x the score and r_b = Q[b][x] s_b the reverse rates
 * (uniform-diffusion spec sections 2 and 6). Users may add their own; {@code
 * ReverseKernelContractTest} says what must hold.
 */
@FunctionalInterface
public interface ReverseKernel {

  /**
   * The law of a token after the step.
   *
   * @param process the noise, states being token ids
   * @param leaveOneOut law of the clean token given the other noisy tokens, [stateCount]
   * @param token x, the token before the step
   * @param from the level t of the token; rate-based kernels need it finite
   * @param to the level s after the step, below t
   * @return probabilities, a new array, [stateCount]
   * @throws IllegalArgumentException if the levels do not descend or the kernel cannot use them
   */
  double[] row(
      NoiseProcess process, double[] leaveOneOut, int token, NoiseLevel from, NoiseLevel to);

  /**
   * The same law under uniform noise, without its S entries.
   *
   * @param tokens S
   * @param ofToken loo_x, the leave-one-out probability of the token before the step
   * @param from the level t of the token
   * @param to the level s after the step, below t
   * @return the line, or empty if the kernel's law is none
   */
  default Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
    return Optional.empty();
  }

  /** The exact posterior of each token; the recommended one. Spec 6.4. */
  static ReverseKernel tweedie() {
    return new TweedieKernel();
  }

  /** Euler with the step in total noise, sigma_t - sigma_s. Spec 6.1. */
  static ReverseKernel euler() {
    return new EulerKernel(false);
  }

  /**
   * Euler with the step SEDD's code takes, (t - s) sigma'(t), which is longer where the schedule is
   * steep. Spec 6.1.
   */
  static ReverseKernel eulerInTime() {
    return new EulerKernel(true);
  }

  /** At most one jump per token, never clipped. Spec 6.2. */
  static ReverseKernel tauLeaping() {
    return new TruncatedTauKernel(false);
  }

  /** As {@link #tauLeaping}, but a token that would jump more than once stays. Spec 6.2. */
  static ReverseKernel rejectingTauLeaping() {
    return new TruncatedTauKernel(true);
  }

  /** Displacements add up modulo the number of states: Theorem 11's tau-leaping. Spec 6.3. */
  static ReverseKernel additiveTauLeaping() {
    return new AdditiveTauKernel();
  }

  /** A token is redrawn from the denoiser or stays. Spec 6.5. */
  static ReverseKernel maximalCoupling() {
    return new MaximalCouplingKernel();
  }

  /**
   * With probability kappa by {@link #tweedie}, else noised anew from the denoiser's guess. Spec
   * 6.7.
   *
   * @param kappa share of Tweedie, in [0, 1]; 1 is Tweedie
   */
  static ReverseKernel psi(double kappa) {
    return new PsiKernel(kappa);
  }
}
