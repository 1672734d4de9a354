package io.github.dllm4j.engine.ctmc;

import java.util.Objects;

/** Argument checks of the processes. */
final class States {
  private States() {}

  static void checkCount(int tokens) {
    if (tokens < 1) {
      throw new IllegalArgumentException("number of tokens must be at least 1, got " + tokens);
    }
  }

  static void check(int from, int to, int count) {
    Objects.checkIndex(from, count);
    Objects.checkIndex(to, count);
  }

  static void checkSigma(double sigma) {
    if (!(sigma >= 0)) {
      throw new IllegalArgumentException("sigma must be at least 0, got " + sigma);
    }
  }
}
