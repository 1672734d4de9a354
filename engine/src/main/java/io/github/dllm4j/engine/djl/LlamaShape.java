package io.github.dllm4j.engine.djl;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The sizes of a Llama-like network that sees both ways, as LLaDA (Nie et al. 2025) and Dream (Ye
 * et al. 2025) are: RMS norms, a gated feed-forward branch, rotary positions in float32, and fewer
 * heads of keys and values than of queries where those are grouped. Tensors have the names of their
 * family's files.
 *
 * @param family LLADA or DREAM, whose names the tensors have; what Dream answers at a position is
 *     the law of the next one, as its parent Qwen2.5 does
 * @param vocabulary rows of embedding and head
 * @param known ids the tokenizer has; the rows above were never trained and are never predicted
 * @param width features per token
 * @param inner features inside the feed-forward branch
 * @param layers blocks
 * @param heads of queries
 * @param keyHeads of keys and values, each for {@code heads / keyHeads} of queries
 * @param length longest sequence, tokens
 * @param biases whether queries, keys and values have biases
 * @param tied whether the head is the embedding
 * @param theta period of the slowest rotation, tokens over 2 pi
 * @param epsilon of the norms
 */
record LlamaShape(
    Family family,
    int vocabulary,
    int known,
    int width,
    int inner,
    int layers,
    int heads,
    int keyHeads,
    int length,
    boolean biases,
    boolean tied,
    double theta,
    double epsilon)
    implements Architecture {

  LlamaShape {
    // What a DiT may be, this may be too; half a head must be a whole number here as well.
    new NetworkShape(vocabulary, width, layers, heads, length, 0, false);
    require("inner width", inner, 1 << 20);
    require("known ids", known, vocabulary);
    require("heads of keys", keyHeads, heads);
    if (heads % keyHeads != 0) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "heads must be a multiple of the heads of keys, got %d and %d",
              heads,
              keyHeads));
    }
    if (!(theta > 1 && theta < 1e12)) {
      throw new IllegalArgumentException("rope theta must be above 1, below 1e12, got " + theta);
    }
    if (!(epsilon > 0 && epsilon < 1)) {
      throw new IllegalArgumentException("the norms' epsilon must be in (0, 1), got " + epsilon);
    }
  }

  private static void require(String name, int value, int high) {
    if (value < 1 || value > high) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be 1 to %,d, got %d", name, high, value));
    }
  }

  /** The same for a tokenizer with so many ids. */
  LlamaShape withKnown(int ids) {
    return new LlamaShape(
        family,
        vocabulary,
        ids,
        width,
        inner,
        layers,
        heads,
        keyHeads,
        length,
        biases,
        tied,
        theta,
        epsilon);
  }

  /** A tensor that every network of a family has, which shows what stands before the names. */
  static String marker(Family family) {
    return family == Family.DREAM ? "model.embed_tokens.weight" : "transformer.wte.weight";
  }

  @Override
  public List<Tensor> tensors() {
    boolean dream = family == Family.DREAM;
    long d = width;
    long k = d / heads * keyHeads;
    List<Tensor> all = new ArrayList<>();
    all.add(new Tensor(marker(family), vocabulary, d));
    for (int i = 0; i < layers; i++) {
      String block = (dream ? "model.layers." : "transformer.blocks.") + i + ".";
      String attention = block + (dream ? "self_attn." : "");
      String forward = block + (dream ? "mlp." : "");
      all.add(new Tensor(block + (dream ? "input_layernorm" : "attn_norm") + ".weight", d));
      projection(all, attention + "q_proj", d);
      projection(all, attention + "k_proj", k);
      projection(all, attention + "v_proj", k);
      all.add(new Tensor(attention + (dream ? "o_proj" : "attn_out") + ".weight", d, d));
      all.add(new Tensor(block + (dream ? "post_attention_layernorm" : "ff_norm") + ".weight", d));
      all.add(new Tensor(forward + (dream ? "gate_proj" : "ff_proj") + ".weight", inner, d));
      all.add(new Tensor(forward + "up_proj.weight", inner, d));
      all.add(new Tensor(forward + (dream ? "down_proj" : "ff_out") + ".weight", d, inner));
    }
    all.add(new Tensor(dream ? "model.norm.weight" : "transformer.ln_f.weight", d));
    if (!tied) {
      all.add(new Tensor(dream ? "lm_head.weight" : "transformer.ff_out.weight", vocabulary, d));
    }
    return all;
  }

  private void projection(List<Tensor> all, String name, long out) {
    all.add(new Tensor(name + ".weight", out, width));
    if (biases) {
      all.add(new Tensor(name + ".bias", out));
    }
  }

  @Override
  public long[] head() {
    return new long[] {tied ? 0 : tensors().size() - 1, -1, known};
  }

  @Override
  public long[] program() {
    return new long[] {
      layers, heads, keyHeads, biases ? 1 : 0, tied ? 1 : 0, family == Family.DREAM ? 1 : 0
    };
  }
}
