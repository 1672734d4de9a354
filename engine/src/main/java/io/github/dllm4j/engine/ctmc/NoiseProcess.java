package io.github.dllm4j.engine.ctmc;

/**
 * A time-homogeneous CTMC on the states of one token, the clock being the total noise sigma; the
 * tokens of a sequence move independently. Generator Q[from][to], rows sum to zero.
 *
 * <p>Users may add their own; {@code NoiseProcessContractTest} says what must hold.
 */
public interface NoiseProcess {

  /** Number of states of one token. */
  int stateCount();

  /**
   * Q[from][to], per nat of total noise; the diagonal is minus the rate of leaving.
   *
   * @param from state before, in [0, stateCount)
   * @param to state after, in [0, stateCount)
   */
  double rate(int from, int to);

  /**
   * exp(sigma Q)[from][to].
   *
   * @param from state before, in [0, stateCount)
   * @param to state after, in [0, stateCount)
   * @param sigma total noise in between, nats, at least 0; infinity gives the prior
   * @return the probability
   */
  double transition(int from, int to, double sigma);

  /**
   * The law of the state after noise, sum over x of law[x] exp(sigma Q)[x][y]. Cost O(stateCount^2)
   * unless a process knows better.
   *
   * @param law weights of the states before, [stateCount]
   * @param sigma total noise in between, nats, at least 0; infinity is allowed
   * @return weights with the same sum, [stateCount]
   */
  default double[] marginal(double[] law, double sigma) {
    double[] after = new double[stateCount()];
    for (int from = 0; from < after.length; from++) {
      if (law[from] != 0) {
        for (int to = 0; to < after.length; to++) {
          after[to] += law[from] * transition(from, to, sigma);
        }
      }
    }
    return after;
  }

  /** Probability of a state in the limit of infinite noise. */
  double prior(int state);

  /**
   * Every clean token jumps to MASK at rate 1 and stays there.
   *
   * @param cleanTokens number of clean tokens, at least 1; MASK is the id after them
   */
  static NoiseProcess masking(int cleanTokens) {
    return new MaskingProcess(cleanTokens);
  }

  /**
   * Every token is replaced by a uniformly drawn one at rate 1.
   *
   * @param tokens number of tokens, at least 1
   */
  static NoiseProcess uniform(int tokens) {
    return new UniformProcess(tokens);
  }
}
