package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.dllm4j.engine.train.MaskedBatch;

/**
 * The training loss of a batch and its gradient, in one program call: the sum over the masked
 * positions of weight * (-ln p(target) [+ c - 1 - ln c]), nats per token; the bracket is the
 * normalisation penalty of denoising score entropy ({@code loss.ScoreEntropy}).
 */
final class MaskedLoss {
  private final Network network;
  private final NDArray settings;

  /**
   * The loss of a network.
   *
   * @param penalised whether the penalty is added
   * @param dropout probability in both branches of a block
   */
  MaskedLoss(Network network, Precision precision, int mask, boolean penalised, double dropout) {
    this.network = network;
    long[] shape = network.shape().program();
    this.settings =
        network
            .manager()
            .create(
                new double[] {
                  shape[0],
                  shape[1],
                  shape[2],
                  shape[3],
                  precision.scalarType(),
                  mask,
                  penalised ? 1 : 0,
                  dropout
                });
  }

  /**
   * Adds the gradient of the loss to the weights' gradients.
   *
   * @param m for what the passes need for a moment
   * @return the loss, nats per token
   */
  double backward(NDManager m, MaskedBatch batch) {
    int sequences = batch.fractions().length;
    float[] sigmas = new float[sequences];
    for (int b = 0; b < sequences; b++) {
      sigmas[b] =
          (float) Math.min(TransformerDenoiser.LARGEST_SIGMA, -Math.log1p(-batch.fractions()[b]));
    }
    float[] weights = new float[batch.weights().length];
    for (int r = 0; r < weights.length; r++) {
      weights[r] = (float) batch.weights()[r];
    }
    Shape tokens = new Shape(sequences, batch.noisy().length / sequences);
    Shape rows = new Shape(weights.length);
    NDArray loss =
        network
            .program()
            .train(
                m,
                "loss",
                "tok",
                longs(m, batch.noisy(), tokens),
                "sigmas",
                m.create(sigmas),
                "rows",
                longs(m, batch.rows(), rows),
                "target",
                longs(m, batch.targets(), rows),
                "weight",
                m.create(weights),
                "ws",
                network.weights(),
                "cfg",
                settings);
    return loss.getFloat();
  }

  private static NDArray longs(NDManager m, int[] values, Shape shape) {
    long[] longs = new long[values.length];
    for (int i = 0; i < longs.length; i++) {
      longs[i] = values[i];
    }
    return m.create(longs, shape);
  }
}
