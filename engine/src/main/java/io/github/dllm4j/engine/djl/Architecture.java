package io.github.dllm4j.engine.djl;

import java.util.List;

/** What a network is made of: its tensors and how the program runs them. */
sealed interface Architecture permits NetworkShape, CausalShape, Gpt2Shape {

  /** A tensor of a network: its name in files and its shape. */
  record Tensor(String name, long... shape) {
    /**
     * Whether it is the matrix of a product that may run below float32; embeddings and time modules
     * are not.
     */
    boolean isProduct() {
      return shape.length == 2
          && !name.equals("vocab_embed.embedding")
          && !name.matches("w[tp]e\\.weight")
          && !name.contains("adaLN_modulation")
          && !name.startsWith("sigma_map");
    }

    long size() {
      long size = 1;
      for (long n : shape) {
        size *= n;
      }
      return size;
    }
  }

  /** Rows of embedding and head. */
  int vocabulary();

  /** Longest sequence, tokens. */
  int length();

  /** Every tensor, in the order in which the program takes them. */
  List<Tensor> tensors();

  /** Layers, heads, and whether there are norm biases, time modules, causal attention, GPT-2's. */
  long[] program();
}
