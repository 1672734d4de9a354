package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.schedule.NoiseLevel;

/** All tokens jump by rates for a time h, to first order. */
record RateMove(TokenRates rates, double h, NoiseLevel level) implements WholeMove {

  @Override
  public double[] row(NoiseProcess process, double[] leaveOneOut, int token) {
    return rates.euler(process, leaveOneOut, token, level.sigma(), h);
  }
}
