package io.github.dllm4j.engine.djl;

/**
 * A DiT network whose attention looks back only: the same tensors, an autoregressive model.
 *
 * @param dit its sizes, without time modules, as there is no noise
 */
record CausalShape(NetworkShape dit) implements SeenShape {
  CausalShape {
    if (dit.timeWidth() > 0) {
      throw new IllegalArgumentException(
          "time width must be 0 for an autoregressive model, got " + dit.timeWidth());
    }
  }

  @Override
  public long[] program() {
    return dit.program(1);
  }
}
