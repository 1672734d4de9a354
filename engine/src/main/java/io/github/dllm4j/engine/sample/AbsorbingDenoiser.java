package io.github.dllm4j.engine.sample;

/**
 * Predicts clean tokens from noisy ones <em>and</em> the noise u of every position: p(x0 at i | x,
 * u). A network for it reads both, for instance by adding an embedding of u to that of x; one
 * trained for plain uniform noise does not know u and cannot stand in.
 */
public interface AbsorbingDenoiser {

  /** Number of tokens S. */
  int vocabulary();

  /** Tokens per sequence. */
  int length();

  /**
   * The law of every clean token.
   *
   * @param tokens the noisy tokens x, [length]
   * @param noise the tokens u that noise puts, [length]
   * @param sigma total noise, nats, at least 0; infinity allowed
   * @return [length][S]; certain of x_i where x_i differs from u_i
   */
  double[][] predict(int[] tokens, int[] noise, double sigma);
}
