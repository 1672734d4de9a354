package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;

/** All tokens get more noise, for which nobody is asked. */
record NoiseMove(NoiseLevel level, double noise) implements WholeMove {

  @Override
  public boolean asks() {
    return false;
  }

  @Override
  public double[] row(NoiseProcess process, double[] leaveOneOut, int token) {
    double[] row = new double[process.stateCount()];
    Arrays.setAll(row, b -> process.transition(token, b, noise));
    return row;
  }
}
