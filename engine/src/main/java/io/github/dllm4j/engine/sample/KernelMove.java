package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.stream.IntStream;

/** All tokens at once, each by the kernel. */
record KernelMove(ReverseKernel kernel, NoiseLevel from, NoiseLevel to) implements ReverseMove {

  @Override
  public NoiseLevel level() {
    return from;
  }

  @Override
  public int choices(int holes) {
    return 1;
  }

  @Override
  public int[] sites(int holes, int choice) {
    return IntStream.range(0, holes).toArray();
  }

  @Override
  public double[] row(NoiseProcess process, double[] leaveOneOut, int token) {
    return kernel.row(process, leaveOneOut, token, from, to);
  }
}
