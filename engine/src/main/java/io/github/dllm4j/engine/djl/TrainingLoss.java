package io.github.dllm4j.engine.djl;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * The training loss of a batch and its gradient, in one program call, nats per token: the sum over
 * the rows of weight times
 *
 * <ul>
 *   <li>-ln p(target) [+ c - 1 - ln c] for masking and for cross-entropy; the bracket is the
 *       normalisation penalty of denoising score entropy ({@code loss.ScoreEntropy});
 *   <li>the denoising score entropy of uniform noise ({@code loss.UniformScoreEntropy}).
 * </ul>
 */
final class TrainingLoss {
  private final Network network;
  private final NDArray anew;
  private final NDArray more;
  private final String method;

  /**
   * The loss of a network.
   *
   * @param mask id that is never predicted, -1 for uniform noise
   * @param objective what is minimised
   * @param dropout probability in both branches of a block
   */
  TrainingLoss(
      Network network, Precision precision, int mask, Objective objective, double dropout) {
    this.network = network;
    boolean entropy = objective == Objective.ELBO || objective == Objective.SCORE_ENTROPY;
    this.method = mask < 0 && entropy ? "uniform_loss" : "loss";
    boolean penalised = mask >= 0 && objective == Objective.SCORE_ENTROPY;
    double[] own = {precision.scalarType(), mask, penalised ? 1 : 0, dropout, 0};
    double[] settings =
        DoubleStream.concat(
                Arrays.stream(network.shape().program()).asDoubleStream(), Arrays.stream(own))
            .toArray();
    NDManager host = network.manager().newSubManager(Device.cpu()); // the program reads them there
    this.anew = host.create(settings);
    settings[settings.length - 1] = 1;
    this.more = host.create(settings);
  }

  /**
   * Makes the gradient of the loss that of the weights.
   *
   * @param m for what the passes need for a moment
   * @param add whether it is added to the gradients that are there
   * @return the loss, nats per token
   */
  double backward(NDManager m, NoisyBatch batch, boolean add) {
    int sequences = batch.sigmas().length;
    float[] sigmas = new float[sequences];
    for (int b = 0; b < sequences; b++) {
      sigmas[b] = (float) Math.min(TransformerDenoiser.LARGEST_SIGMA, batch.sigmas()[b]);
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
                method,
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
                add ? more : anew);
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
