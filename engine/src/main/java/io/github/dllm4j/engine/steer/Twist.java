package io.github.dllm4j.engine.steer;

import java.util.List;
import java.util.Optional;

/**
 * Twisting functions psi_k > 0 of an unfinished sequence before move k of a chain: a guess of the
 * reward's expected weight e^s at the end. The best one, psi_k = K_k psi_{k+1}, makes all particles
 * equally heavy; any positive one leaves the estimate of Z unbiased (uniform-diffusion spec 12).
 */
@FunctionalInterface
public interface Twist {

  /**
   * log psi of many sequences, each by itself.
   *
   * @param move k, in [0, moves); what is past the last move is the reward itself
   * @param sequences ids before the move, each [length]
   * @return nats, finite, or -infinity where nothing is known, [sequences]; these count as a
   *     twentieth of the least of the others
   */
  double[] logValue(int move, List<int[]> sequences);

  /**
   * Per-token factors for proposals: M in proportion to K exp(sum of the factors), where a
   * look-ahead can be summed token by token.
   *
   * @param move the move whose <em>result</em> is meant: 0 for the start, k + 1 after move k, up to
   *     and including the number of moves
   * @return log-factors, finite, [hole][S]; empty if psi is no product over tokens
   */
  default Optional<double[][]> logFactors(int move) {
    return Optional.empty();
  }

  /** psi = 1: weights come at the end, all at once. */
  static Twist none() {
    return (move, sequences) -> new double[sequences.size()];
  }

  /**
   * psi_k(x) = E[e^s] over clean sequences whose tokens are independent, each with its clean law
   * given x: what the denoiser expects. Exact by enumeration; one evaluation per sequence and
   * S^holes scores.
   *
   * @param chain the chain that is steered
   * @param scorer the log-weight s
   * @throws IllegalArgumentException when used on more than 2^14 clean sequences at once
   */
  static Twist expected(ReverseChain chain, SequenceScorer scorer) {
    return new DenoisedTwist(chain, scorer, 0, 0);
  }

  /**
   * As {@link #expected}, but averaged over a few drawn clean sequences; the same uniforms for
   * every x. Where a score forbids all that is drawn for a particle, nothing is known of it.
   *
   * @param chain the chain that is steered
   * @param scorer the log-weight s
   * @param draws how many, at least 1
   * @param seed of the uniforms
   */
  static Twist sampled(ReverseChain chain, SequenceScorer scorer, int draws, long seed) {
    if (draws < 1) {
      throw new IllegalArgumentException("draws must be at least 1, got " + draws);
    }
    return new DenoisedTwist(chain, scorer, draws, seed);
  }
}
