package io.github.dllm4j.engine.ctmc;

import java.util.Objects;

/**
 * A user's own process: a token moves to a neighbouring id, at rate 1 each way, and stays within
 * the ends. exp(sigma Q) by the cosine basis of the path graph.
 */
public record NearestProcess(int stateCount) implements NoiseProcess {

  @Override
  public double rate(int from, int to) {
    Objects.checkIndex(from, stateCount);
    Objects.checkIndex(to, stateCount);
    int degree = (from > 0 ? 1 : 0) + (from < stateCount - 1 ? 1 : 0);
    return from == to ? -degree : Math.abs(from - to) == 1 ? 1 : 0;
  }

  @Override
  public double transition(int from, int to, double sigma) {
    Objects.checkIndex(from, stateCount);
    Objects.checkIndex(to, stateCount);
    States.checkSigma(sigma);
    double sum = 1.0 / stateCount;
    for (int k = 1; k < stateCount && sigma < Double.POSITIVE_INFINITY; k++) {
      double angle = Math.PI * k / stateCount;
      double mode = Math.cos(angle * (from + 0.5)) * Math.cos(angle * (to + 0.5));
      sum += 2.0 / stateCount * mode * Math.exp(-2 * sigma * (1 - Math.cos(angle)));
    }
    return Math.max(0, sum);
  }

  @Override
  public double prior(int state) {
    Objects.checkIndex(state, stateCount);
    return 1.0 / stateCount;
  }
}
