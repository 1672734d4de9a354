package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.IValue;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.util.Random;
import java.util.stream.LongStream;

/** Networks small enough for plain Java, with weights of ordinary size everywhere. */
final class Tiny {
  static final int LENGTH = 5;
  static final int VOCABULARY = 7;
  static final int MASK = 6;

  static {
    PyTorch.setThreads(1); // more are slower for arrays this small
  }

  private Tiny() {}

  /** 7 ids, 8 features, 2 blocks, 2 heads; time modules of width 6 or none. */
  static NetworkShape shape(boolean time, boolean normBias) {
    return new NetworkShape(VOCABULARY, 8, 2, 2, LENGTH, time ? 6 : 0, normBias);
  }

  /** Norm weights around 1, everything else normal with deviation 0.4, in the program's order. */
  static float[][] weights(NetworkShape shape, long seed) {
    Random random = new Random(seed);
    return shape.tensors().stream()
        .map(
            tensor -> {
              boolean scale = tensor.name().contains("norm") && tensor.name().endsWith(".weight");
              float[] weights = new float[(int) tensor.size()];
              for (int i = 0; i < weights.length; i++) {
                weights[i] = (float) ((scale ? 1 : 0) + 0.4 * random.nextGaussian());
              }
              return weights;
            })
        .toArray(float[][]::new);
  }

  static Network network(Architecture shape, float[][] weights) {
    return Network.of(PyTorch.newManager("cpu"), shape, i -> weights[i]);
  }

  static TransformerDenoiser denoiser(NetworkShape shape, Precision precision) {
    return TransformerDenoiser.owning(
        network(shape, weights(shape, 11)), precision, MASK, Representation.DENOISER);
  }

  /** Sequences of random ids, MASK among them, each with its own noise level. */
  static TokenBatch batch(int size, long seed) {
    Random random = new Random(seed);
    int[] tokens = random.ints((long) size * LENGTH, 0, VOCABULARY).toArray();
    double[] sigmas = random.doubles(size, 0.05, 4).toArray();
    return TokenBatch.of(LENGTH, tokens, sigmas);
  }

  /** What the head multiplies at all positions of so many of the first sequences. */
  static float[] hidden(Network network, IValue weights, int sequences, Precision precision) {
    NDManager manager = network.manager();
    int length = network.shape().length();
    int rows = sequences * length;
    long[] tokens = new Random(4).longs(rows, 0, network.shape().vocabulary()).toArray();
    long[] all = LongStream.range(0, rows).toArray();
    try (NDArray tok = manager.create(tokens, new Shape(sequences, length));
        NDArray sigmas = manager.create(new float[sequences]);
        NDArray at = manager.create(all);
        NDArray h =
            network
                .program()
                .call(
                    manager,
                    "hidden",
                    tok,
                    sigmas,
                    at,
                    weights,
                    network.shape().program(),
                    precision.scalarType())) {
      return h.toFloatArray();
    }
  }
}
