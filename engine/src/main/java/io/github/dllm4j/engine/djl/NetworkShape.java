package io.github.dllm4j.engine.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The sizes of a DiT network: which tensors it has, by the names of SEDD, MDLM, RADD and Duo.
 *
 * @param vocabulary ids, MASK included if the noise masks; rows of embedding and head
 * @param width features per token; divisible by twice the heads
 * @param layers blocks
 * @param heads attention heads
 * @param length longest sequence it is meant for, tokens
 * @param timeWidth features of the time condition, 0 for a network without time modules
 * @param normBias whether layer norms have a bias (RADD, and networks whose time modules were
 *     folded)
 */
public record NetworkShape(
    int vocabulary, int width, int layers, int heads, int length, int timeWidth, boolean normBias)
    implements Architecture {

  /** Sinusoid features of the noise level that enter the time modules. */
  static final int TIME_FEATURES = 256;

  static final int LARGEST_VOCABULARY = 10_000_000;

  /** Checks every size. */
  public NetworkShape {
    require("vocabulary", vocabulary, 2, LARGEST_VOCABULARY);
    require("width", width, 2, 65_536);
    require("layers", layers, 1, 1_000);
    require("heads", heads, 1, 1_024);
    require("length", length, 1, 1_000_000);
    require("time width", timeWidth, 0, 65_536);
    if (width % (2 * heads) != 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "width must be a multiple of twice the heads, got width %d and heads %d",
              width,
              heads));
    }
  }

  private static void require(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be %,d to %,d, got %d", name, low, high, value));
    }
  }

  @Override
  public long[] program() {
    return program(0);
  }

  /**
   * The settings of the program with attention to everything, or to one's own block of so many
   * positions and those before it.
   *
   * @param block positions of a block, 0 for none
   */
  long[] program(int block) {
    return new long[] {layers, heads, normBias ? 1 : 0, timeWidth > 0 ? 1 : 0, block, 0};
  }

  /** The shape after its time modules are folded into the norms and the matrices. */
  NetworkShape withoutTime() {
    return new NetworkShape(vocabulary, width, layers, heads, length, 0, true);
  }

  @Override
  public List<Tensor> tensors() {
    List<Tensor> all = new ArrayList<>();
    int v = vocabulary;
    int d = width;
    int c = timeWidth;
    all.add(new Tensor("vocab_embed.embedding", v, d));
    if (c > 0) {
      all.add(new Tensor("sigma_map.mlp.0.weight", c, TIME_FEATURES));
      all.add(new Tensor("sigma_map.mlp.0.bias", c));
      all.add(new Tensor("sigma_map.mlp.2.weight", c, c));
      all.add(new Tensor("sigma_map.mlp.2.bias", c));
    }
    for (int i = 0; i < layers; i++) {
      String b = "blocks." + i + ".";
      norm(all, b + "norm1");
      all.add(new Tensor(b + "attn_qkv.weight", 3L * d, d));
      all.add(new Tensor(b + "attn_out.weight", d, d));
      norm(all, b + "norm2");
      all.add(new Tensor(b + "mlp.0.weight", 4L * d, d));
      all.add(new Tensor(b + "mlp.0.bias", 4L * d));
      all.add(new Tensor(b + "mlp.2.weight", d, 4L * d));
      all.add(new Tensor(b + "mlp.2.bias", d));
      if (c > 0) {
        all.add(new Tensor(b + "adaLN_modulation.weight", 6L * d, c));
        all.add(new Tensor(b + "adaLN_modulation.bias", 6L * d));
      }
    }
    norm(all, "output_layer.norm_final");
    all.add(new Tensor("output_layer.linear.weight", v, d));
    all.add(new Tensor("output_layer.linear.bias", v));
    if (c > 0) {
      all.add(new Tensor("output_layer.adaLN_modulation.weight", 2L * d, c));
      all.add(new Tensor("output_layer.adaLN_modulation.bias", 2L * d));
    }
    return all;
  }

  private void norm(List<Tensor> all, String name) {
    all.add(new Tensor(name + ".weight", width));
    if (normBias) {
      all.add(new Tensor(name + ".bias", width));
    }
  }
}
