package io.github.dllm4j.engine.djl;

import java.util.List;

/**
 * A DiT network whose attention looks back only: the same tensors, an autoregressive model.
 *
 * @param dit its sizes, without time modules, as there is no noise
 */
record CausalShape(NetworkShape dit) implements Architecture {
  CausalShape {
    if (dit.timeWidth() > 0) {
      throw new IllegalArgumentException(
          "time width must be 0 for an autoregressive model, got " + dit.timeWidth());
    }
  }

  @Override
  public int vocabulary() {
    return dit.vocabulary();
  }

  @Override
  public int width() {
    return dit.width();
  }

  @Override
  public int layers() {
    return dit.layers();
  }

  @Override
  public int heads() {
    return dit.heads();
  }

  @Override
  public int length() {
    return dit.length();
  }

  @Override
  public List<Tensor> tensors() {
    return dit.tensors();
  }

  @Override
  public long[] program() {
    return dit.program(1);
  }
}
