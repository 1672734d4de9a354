package io.github.dllm4j.engine.info;

/**
 * How uniform noise forgets a law of words: with q_sigma the law under noise and pi the uniform
 * law,
 *
 * <pre>
 * left(sigma) = KL(q_sigma || pi)
 * rate(sigma) = phi(sigma) = -d/dsigma left(sigma)
 *             = (1/S) E over x of q_sigma of the sum over neighbours y of -ln(q_sigma(y)/q_sigma(x))
 * </pre>
 *
 * <p>What a curve of entropies is to masking: the cost of every grid is linear in phi ({@link
 * ReverseCost}, uniform-diffusion spec 5). Neither phi nor e^sigma phi increases; phi may be
 * infinite at 0.
 */
public interface InformationDecay {

  /** Number of tokens d. */
  int length();

  /** Number of symbols S. */
  int symbols();

  /**
   * What noise has left, nats.
   *
   * @param sigma total noise, nats, at least 0; infinity leaves 0
   */
  double left(double sigma);

  /**
   * phi, nats per nat of noise.
   *
   * @param sigma total noise, nats, above 0; 0 at infinity
   */
  double rate(double sigma);
}
