package io.github.dllm4j.engine.djl;

import java.util.List;

/** A DiT network not all of whose positions see all: its own tensors and sizes, otherwise seen. */
sealed interface SeenShape extends Architecture permits CausalShape, BlockShape {

  /** Its sizes. */
  NetworkShape dit();

  @Override
  default int vocabulary() {
    return dit().vocabulary();
  }

  @Override
  default int width() {
    return dit().width();
  }

  @Override
  default int layers() {
    return dit().layers();
  }

  @Override
  default int heads() {
    return dit().heads();
  }

  @Override
  default int length() {
    return dit().length();
  }

  @Override
  default List<Tensor> tensors() {
    return dit().tensors();
  }
}
