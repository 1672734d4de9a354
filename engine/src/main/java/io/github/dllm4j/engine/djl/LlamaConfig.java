package io.github.dllm4j.engine.djl;

import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.tokenizer.SpecialIds;
import java.io.IOException;

/**
 * The configurations of LLaDA and Dream. What their code could also compute, but no released
 * checkpoint has (other norms, biases or positions, sliding windows), is refused by its key.
 */
final class LlamaConfig {
  /** Dream works on 2048 tokens, by its authors; its configuration has its parent's number. */
  private static final int DREAM_LENGTH = 2_048;

  private LlamaConfig() {}

  /** LLaDA's, which has the keys of its training code (OLMo's). */
  static FieldConfig llada(ConfigKeys keys) throws IOException {
    keys.require("block_type", "\"llama\"");
    keys.require("activation_type", "\"silu\"");
    keys.require("layer_norm_type", "\"rms\"");
    keys.require("rope", "true");
    for (String flag :
        new String[] {
          "alibi",
          "attention_layer_norm",
          "bias_for_layer_norm",
          "include_bias",
          "input_emb_norm",
          "scale_logits"
        }) {
      keys.require(flag, "false");
    }
    keys.require("layer_norm_with_affine", "true");
    keys.require("rope_full_precision", "true");
    keys.require("multi_query_attention", "null");
    int rows = keys.number("embedding_size", NetworkShape.LARGEST_VOCABULARY);
    return of(
        keys,
        new LlamaShape(
            Family.LLADA,
            rows,
            keys.number("vocab_size", rows),
            keys.number("d_model"),
            keys.number("mlp_hidden_size"),
            keys.number("n_layers"),
            keys.number("n_heads"),
            keys.number("n_kv_heads"),
            keys.number("max_sequence_length"),
            keys.flag("include_qkv_bias"),
            keys.flag("weight_tying"),
            keys.real("rope_theta"),
            keys.real("rms_norm_eps")));
  }

  /** Dream's, which has the keys of Qwen2's. */
  static FieldConfig dream(ConfigKeys keys) throws IOException {
    keys.require("hidden_act", "\"silu\"");
    keys.require("rope_scaling", "null");
    keys.require("use_sliding_window", "false");
    int rows = keys.number("vocab_size", NetworkShape.LARGEST_VOCABULARY);
    return of(
        keys,
        new LlamaShape(
            Family.DREAM,
            rows,
            rows,
            keys.number("hidden_size"),
            keys.number("intermediate_size"),
            keys.number("num_hidden_layers"),
            keys.number("num_attention_heads"),
            keys.number("num_key_value_heads"),
            Math.min(DREAM_LENGTH, keys.number("max_position_embeddings")),
            true,
            keys.flag("tie_word_embeddings"),
            keys.real("rope_theta"),
            keys.real("rms_norm_eps")));
  }

  private static FieldConfig of(ConfigKeys keys, LlamaShape shape) throws IOException {
    SpecialIds ids =
        SpecialIds.FROM_FILE
            .withMask(keys.number("mask_token_id", shape.vocabulary() - 1))
            .withEnd(keys.number("eos_token_id", shape.vocabulary() - 1));
    return new FieldConfig(shape.family(), shape, true, Representation.DENOISER, false, 0, ids);
  }
}
