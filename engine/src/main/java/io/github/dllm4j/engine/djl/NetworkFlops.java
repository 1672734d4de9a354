package io.github.dllm4j.engine.djl;

/**
 * Floating-point operations of a network's matrix products, two per multiplication and addition;
 * everything else (norms, softmax, rotary positions, the time modules) counts as nothing, though it
 * takes time. With T tokens in sequences of N, width D, L blocks, R rows that are asked and V ids:
 *
 * <pre>
 * at all positions   (24 L - 18) T D^2 + 4 T N D L
 * at the rows asked  18 R D^2 + 2 R D V
 * training           three times both: a backward pass is two products for each one of the forward pass
 * </pre>
 *
 * <p>as behind the attention of the last block nothing is computed but the rows that are asked.
 *
 * @param shape of the network
 */
public record NetworkFlops(NetworkShape shape) {

  /** Of the blocks at all positions of a batch of sequences. */
  public double everywhere(int batch, int length) {
    double tokens = (double) batch * length;
    double width = shape.width();
    double layers = shape.layers();
    return ((24 * layers - 18) * width + 4 * length * layers) * width * tokens;
  }

  /** Of the rest of the last block, and the head, at some rows. */
  public double asked(long rows) {
    double width = shape.width();
    return (18 * width + 2.0 * shape.vocabulary()) * width * rows;
  }
}
