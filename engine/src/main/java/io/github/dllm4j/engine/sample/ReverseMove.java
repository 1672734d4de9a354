package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;

/**
 * What a reverse sampler does with one network evaluation: which sites change, and the law of the
 * new token at each. The sites are one of {@link #choices} sets; the tokens of all of them are
 * drawn independently, from laws of the same old sequence.
 *
 * <p>Mostly the set is decided before the network is asked, all being equally likely. The choice of
 * an {@link #informed} move looks at the network's answer for every hole; a {@link #metropolis} one
 * also compares it with the answer for the new sequence.
 */
public interface ReverseMove {

  /** The noise level at which the network is asked. */
  NoiseLevel level();

  /**
   * How many sets of sites there are.
   *
   * @param holes number of tokens that may change, at least 1
   */
  int choices(int holes);

  /**
   * The sites of one choice.
   *
   * @param holes number of tokens that may change
   * @param choice in [0, choices)
   * @return indices of holes, ascending
   */
  int[] sites(int holes, int choice);

  /**
   * The sites that a sample really changes, if the move is not informed.
   *
   * @param holes number of tokens that may change
   * @param seed the request's seed
   * @param sample index of the sample
   * @param index index of the move in the plan
   * @return indices of holes, ascending, each of the choices equally likely
   */
  default int[] drawSites(int holes, long seed, int sample, int index) {
    int choices = choices(holes);
    double uniform =
        choices == 1 ? 0 : KeyedRandom.uniform(seed, sample, index, 0, Purpose.CORRECTOR_SITE);
    return sites(holes, (int) (uniform * choices));
  }

  /** Whether the network is asked at all; a move that only adds noise does not need it. */
  default boolean asks() {
    return true;
  }

  /** Whether the choice depends on the laws; the network is then asked about every hole. */
  default boolean informed() {
    return false;
  }

  /**
   * The probability of every choice given the sequence.
   *
   * @param process the noise
   * @param leaveOneOut laws of all holes, [holes][stateCount]; looked at by informed moves only
   * @param tokens the tokens in the holes, [holes]
   * @return probabilities, a new array, [choices]
   */
  default double[] choiceLaw(NoiseProcess process, double[][] leaveOneOut, int[] tokens) {
    double[] law = new double[choices(tokens.length)];
    Arrays.fill(law, 1.0 / law.length);
    return law;
  }

  /**
   * Whether the new sequence y is only a proposal, accepted with probability min(1, w(choice | y) /
   * w(choice | x)), w the {@link #choiceLaw}. Only for informed moves.
   */
  default boolean metropolis() {
    return false;
  }

  /**
   * The law of the new token at one of the sites.
   *
   * @param process the noise
   * @param leaveOneOut law of the clean token given the other noisy tokens, [stateCount]
   * @param token the old token
   * @return probabilities, a new array, [stateCount]
   */
  double[] row(NoiseProcess process, double[] leaveOneOut, int token);

  /**
   * A predictor step: every token moves by a kernel from one level to the next.
   *
   * @param kernel the law of each token
   * @param from the level before
   * @param to the level after
   */
  static ReverseMove step(ReverseKernel kernel, NoiseLevel from, NoiseLevel to) {
    return new KernelMove(kernel, from, to);
  }
}
