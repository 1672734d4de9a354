package io.github.dllm4j.engine.ctmc;

import java.util.Arrays;

/**
 * Q[x][y] = 1/S for y != x, Q[x][x] = 1/S - 1, so P(sigma) = e^-sigma I + (1 - e^-sigma)/S. A token
 * that was never redrawn has probability e^-sigma, as for masking; a token <em>differs</em> from
 * its clean value with probability (1 - e^-sigma)(S - 1)/S.
 */
record UniformProcess(int tokens) implements NoiseProcess {

  UniformProcess {
    States.checkCount(tokens);
  }

  @Override
  public int stateCount() {
    return tokens;
  }

  @Override
  public double rate(int from, int to) {
    States.check(from, to, tokens);
    return to == from ? (1 - tokens) / (double) tokens : 1.0 / tokens;
  }

  @Override
  public double transition(int from, int to, double sigma) {
    States.check(from, to, tokens);
    States.checkSigma(sigma);
    double redrawn = -Math.expm1(-sigma) / tokens;
    return to == from ? Math.exp(-sigma) + redrawn : redrawn;
  }

  @Override
  public double[] marginal(double[] law, double sigma) {
    States.checkSigma(sigma);
    double kept = Math.exp(-sigma);
    double redrawn = -Math.expm1(-sigma) / tokens * Arrays.stream(law).sum();
    double[] after = new double[tokens];
    Arrays.setAll(after, y -> kept * law[y] + redrawn);
    return after;
  }

  @Override
  public double prior(int state) {
    States.check(state, state, tokens);
    return 1.0 / tokens;
  }
}
