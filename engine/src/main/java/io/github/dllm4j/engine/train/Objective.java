package io.github.dllm4j.engine.train;

/**
 * What training minimises. With a softmax head the first two agree up to the penalty, see Ou et al.
 * 2024 (RADD) and spec "training objectives": one objective, invariant under the noise schedule.
 */
public enum Objective {
  /**
   * The negative evidence bound by exact-size masks: n ~ U{1..d}, (d / n) * cross-entropy of the
   * masked. For uniform noise it is the denoising score entropy of a leave-one-out head (the bounds
   * of UDLM and Duo are exactly that).
   */
  ELBO("elbo"),
  /**
   * Denoising score entropy: as ELBO, plus c - 1 - ln c for a head whose scores need not sum to
   * one. For uniform noise, whose head is normalised, the same as ELBO.
   */
  SCORE_ENTROPY("score-entropy"),
  /** Li and Cai's mask predictor for one size plan: the mask sizes that its sampler will meet. */
  MASK_PREDICTOR("mask-predictor"),
  /**
   * Uniform noise: -ln p(x0 at i | the noisy sequence) at all positions; a denoiser. With a MASK:
   * -ln p(x at i | the tokens before i) at all positions; an autoregressive model, no noise.
   */
  CROSS_ENTROPY("cross-entropy");

  private final String label;

  Objective(String label) {
    this.label = label;
  }

  /** The name on the command line and in files. */
  public String label() {
    return label;
  }

  /**
   * The objective of a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Objective of(String label) {
    for (Objective objective : values()) {
      if (objective.label.equals(label)) {
        return objective;
      }
    }
    throw new IllegalArgumentException(
        "objective must be elbo, score-entropy, mask-predictor or cross-entropy, got " + label);
  }
}
