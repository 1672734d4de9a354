package io.github.dllm4j.engine.djl;

import java.util.ArrayList;
import java.util.List;

/**
 * The sizes of a GPT-2 (Radford et al. 2019): as a causal DiT, but with learned positions, biases
 * in attention and the embedding as its head. Tensors have the names of its files; the head, which
 * has none there, is called {@code lm_head}.
 *
 * @param vocabulary ids
 * @param width features per token, a multiple of the heads
 * @param inner features inside the feed-forward branch
 * @param layers blocks
 * @param heads attention heads
 * @param length longest sequence, tokens
 */
record Gpt2Shape(int vocabulary, int width, int inner, int layers, int heads, int length)
    implements Architecture {

  Gpt2Shape {
    // What a DiT may be, a GPT-2 may be; half a head must be a whole number here too.
    new NetworkShape(vocabulary, width, layers, heads, length, 0, true);
    if (inner < 1 || inner > 1 << 20) {
      throw new IllegalArgumentException("n_inner must be 1 to 1,048,576, got " + inner);
    }
  }

  @Override
  public List<Tensor> tensors() {
    long d = width;
    List<Tensor> all = new ArrayList<>();
    all.add(new Tensor("wte.weight", vocabulary, d));
    all.add(new Tensor("wpe.weight", length, d));
    for (int i = 0; i < layers; i++) {
      String block = "h." + i + ".";
      norm(all, block + "ln_1");
      affine(all, block + "attn.c_attn", 3 * d, d);
      affine(all, block + "attn.c_proj", d, d);
      norm(all, block + "ln_2");
      affine(all, block + "mlp.c_fc", inner, d);
      affine(all, block + "mlp.c_proj", d, inner);
    }
    norm(all, "ln_f");
    affine(all, "lm_head", vocabulary, d);
    return all;
  }

  private void norm(List<Tensor> all, String name) {
    all.add(new Tensor(name + ".weight", width));
    all.add(new Tensor(name + ".bias", width));
  }

  private static void affine(List<Tensor> all, String name, long out, long in) {
    all.add(new Tensor(name + ".weight", out, in));
    all.add(new Tensor(name + ".bias", out));
  }

  @Override
  public long[] program() {
    return new long[] {layers, heads, 1, 0, 1, 1};
  }
}
