package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Weights to start training from: norms 1, biases 0, embeddings and matrices normal with standard
 * deviation 0.02, and zero for the head and for what ends a residual branch, so that a fresh
 * network is the identity with the uniform law. With time modules a branch ends in its gate, which
 * is zero; were the matrix before it zero too, neither would ever get a gradient. Keyed by the
 * seed; no global generator.
 */
final class InitialWeights {
  private static final double DEVIATION = 0.02;

  private InitialWeights() {}

  /** The weights of a tensor by its index in the program's order. */
  static IntFunction<float[]> of(NetworkShape shape, long seed) {
    List<Architecture.Tensor> tensors = shape.tensors();
    boolean gated = shape.timeWidth() > 0;
    return i -> of(tensors.get(i), gated, seed, i);
  }

  private static float[] of(Architecture.Tensor tensor, boolean gated, long seed, int index) {
    float[] weights = new float[Math.toIntExact(tensor.size())];
    if (tensor.name().contains("norm") && tensor.name().endsWith(".weight")) {
      Arrays.fill(weights, 1f);
    } else if (tensor.shape().length > 1 && !startsAtZero(tensor.name(), gated)) {
      normal(weights, seed, index);
    }
    return weights;
  }

  private static boolean startsAtZero(String name, boolean gated) {
    boolean endsBranch =
        name.endsWith("attn_out.weight")
            || (name.startsWith("blocks.") && name.endsWith("mlp.2.weight"));
    return (endsBranch && !gated)
        || name.equals("output_layer.linear.weight")
        || name.contains("adaLN_modulation");
  }

  /** Normal numbers by Box and Muller, two per pair of uniforms. */
  private static void normal(float[] weights, long seed, int tensor) {
    for (int i = 0; i < weights.length; i += 2) {
      double radius =
          Math.sqrt(-2 * Math.log1p(-KeyedRandom.uniform(seed, tensor, 0, i, Purpose.WEIGHTS)));
      double angle = 2 * Math.PI * KeyedRandom.uniform(seed, tensor, 0, i + 1, Purpose.WEIGHTS);
      weights[i] = (float) (DEVIATION * radius * Math.cos(angle));
      if (i + 1 < weights.length) {
        weights[i + 1] = (float) (DEVIATION * radius * Math.sin(angle));
      }
    }
  }
}
