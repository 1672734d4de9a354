package io.github.dllm4j.engine.djl;

/**
 * Floating-point operations of a network's matrix products, two per multiplication and addition;
 * everything else (norms, softmax, rotary positions, the time modules) counts as nothing, though it
 * takes time. With T tokens in sequences of N, width D, L blocks, R rows of the head and V ids:
 *
 * <pre>
 * trunk     24 T D^2 L + 4 T N D L
 * head      2 R D V
 * training  three times both: a backward pass is two products for each one of the forward pass
 * </pre>
 *
 * @param shape of the network
 */
public record NetworkFlops(NetworkShape shape) {

  /** Of all blocks on a batch of sequences. */
  public double trunk(int batch, int length) {
    double tokens = (double) batch * length;
    double width = shape.width();
    return (24 * width + 4.0 * length) * width * tokens * shape.layers();
  }

  /** Of the head at some rows. */
  public double head(long rows) {
    return 2.0 * rows * shape.width() * shape.vocabulary();
  }
}
