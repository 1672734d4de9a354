package io.github.dllm4j.engine.djl;

import java.util.List;

/** What a network is made of: its sizes, its tensors and how the program runs them. */
public sealed interface Architecture permits NetworkShape, SeenShape, Gpt2Shape, LlamaShape {

  /** A tensor of a network: its name in files and its shape. */
  record Tensor(String name, long... shape) {
    /**
     * Whether it is the matrix of a product that may run below float32; embeddings and time modules
     * are not.
     */
    boolean isProduct() {
      return shape.length == 2
          && !name.equals("vocab_embed.embedding")
          && !name.matches("(.*\\.)?(w[tp]e|embed_tokens)\\.weight")
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

  /** Features per token. */
  int width();

  /** Blocks. */
  int layers();

  /** Attention heads. */
  int heads();

  /** Longest sequence, tokens. */
  int length();

  /** Features of the time condition, 0 for a network without time modules. */
  default int timeWidth() {
    return 0;
  }

  /** Every tensor, in the order in which the program takes them. */
  List<Tensor> tensors();

  /** The program's settings, as its source says. */
  long[] program();

  /**
   * Where the head is among the tensors: its matrix, its bias (-1 for none), and how many ids it
   * knows, above which it predicts none.
   */
  default long[] head() {
    int matrix = tensors().size() - (timeWidth() > 0 ? 4 : 2);
    return new long[] {matrix, matrix + 1, vocabulary()};
  }

  /** Number of weights. */
  default long parameters() {
    return tensors().stream().mapToLong(Tensor::size).sum();
  }
}
