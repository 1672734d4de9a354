package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;

/**
 * One network evaluation of a reverse sampler and what is done with it: which sites change, decided
 * before the network is asked, and the law of the new token at each.
 *
 * <p>The sites are one of {@link #choices} equally likely sets. The tokens of all of them are drawn
 * independently, from laws of the same old sequence.
 */
public interface ReverseMove {

  /** The noise level at which the network is asked. */
  NoiseLevel level();

  /**
   * How many sets of sites there are, each equally likely.
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
   * The sites that a sample really changes.
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
