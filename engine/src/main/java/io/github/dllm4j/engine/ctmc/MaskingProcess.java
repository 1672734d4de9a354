package io.github.dllm4j.engine.ctmc;

/**
 * Q[x][MASK] = 1 and Q[x][x] = -1 for every clean x; MASK absorbs. P(clean at sigma) = e^-sigma.
 */
record MaskingProcess(int cleanTokens) implements NoiseProcess {

  MaskingProcess {
    States.checkCount(cleanTokens);
  }

  @Override
  public int stateCount() {
    return cleanTokens + 1;
  }

  @Override
  public double rate(int from, int to) {
    States.check(from, to, stateCount());
    if (from == cleanTokens) {
      return 0;
    }
    return to == from ? -1 : to == cleanTokens ? 1 : 0;
  }

  @Override
  public double transition(int from, int to, double sigma) {
    States.check(from, to, stateCount());
    States.checkSigma(sigma);
    if (from == cleanTokens) {
      return to == from ? 1 : 0;
    }
    return to == from ? Math.exp(-sigma) : to == cleanTokens ? -Math.expm1(-sigma) : 0;
  }

  @Override
  public double prior(int state) {
    States.check(state, state, stateCount());
    return state == cleanTokens ? 1 : 0;
  }
}
