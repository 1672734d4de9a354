package io.github.dllm4j.engine.sample;

/**
 * How much a site seems to need a new token, from cond, the law of its noisy token given the other
 * noisy tokens, and the token x that it holds.
 *
 * <p>Source: informed correctors as in the public code of rev_udm (Gourevitch et al.) and of
 * diffusers' discrete DDIM scheduler; uniform-diffusion spec 8.2.
 */
public enum SiteRule {
  /** max_{b != x} ln cond_b - ln cond_x: how much better another token would be. Their default. */
  LOWEST_LOG_MARGIN,
  /** -ln cond_x. */
  LOWEST_CURRENT_PROBABILITY,
  /** -ln max_b cond_b, which looks least at the token: the mildest bias of the three. */
  LOWEST_MAX_PROBABILITY;

  /**
   * The score of a site.
   *
   * @param conditional probabilities, [S]
   * @param token the noisy token at the site
   * @return larger is needier, finite
   */
  public double score(double[] conditional, int token) {
    double largest = 0;
    double other = 0;
    for (int b = 0; b < conditional.length; b++) {
      largest = Math.max(largest, conditional[b]);
      other = b == token ? other : Math.max(other, conditional[b]);
    }
    return switch (this) {
      case LOWEST_LOG_MARGIN -> log(other) - log(conditional[token]);
      case LOWEST_CURRENT_PROBABILITY -> -log(conditional[token]);
      case LOWEST_MAX_PROBABILITY -> -log(largest);
    };
  }

  /** Finite also where a process or a vocabulary of one token leaves nothing. */
  private static double log(double probability) {
    return Math.log(Math.max(probability, Double.MIN_NORMAL));
  }
}
