package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.util.Random;

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
}
