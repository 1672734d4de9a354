package io.github.dllm4j.engine.sample;

import java.util.stream.IntStream;

/** A move of all tokens at once. */
interface WholeMove extends ReverseMove {

  @Override
  default int choices(int holes) {
    return 1;
  }

  @Override
  default int[] sites(int holes, int choice) {
    return IntStream.range(0, holes).toArray();
  }
}
