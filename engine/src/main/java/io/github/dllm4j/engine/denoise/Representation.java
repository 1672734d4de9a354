package io.github.dllm4j.engine.denoise;

/**
 * What the numbers a network puts out mean. They are converted exactly once, when a model is
 * opened; every {@link Denoiser} says which one its laws are.
 */
public enum Representation {
  /**
   * The concrete score s(y, x) = q(y) / q(x) of a one-token change, up to the factor of the noise.
   */
  SCORE,
  /** p(x0 at i | the whole noisy sequence), the noisy token at i included. */
  DENOISER,
  /**
   * p(x0 at i | the noisy sequence without its token at i). For masked positions it is DENOISER.
   */
  LEAVE_ONE_OUT,
  /** p(x at i | the tokens before i): an autoregressive model; no {@link Denoiser} is that. */
  NEXT_TOKEN
}
