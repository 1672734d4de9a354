package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.schedule.NoiseLevel;

/** All tokens at once, each by the kernel. */
record KernelMove(ReverseKernel kernel, NoiseLevel from, NoiseLevel to) implements WholeMove {

  @Override
  public NoiseLevel level() {
    return from;
  }

  @Override
  public double[] row(NoiseProcess process, double[] leaveOneOut, int token) {
    return kernel.row(process, leaveOneOut, token, from, to);
  }
}
