package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.tokenizer.JsonErrors;
import io.github.dllm4j.tokenizer.SpecialIds;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What the {@code config.json} of a published checkpoint says, as far as running it needs. Nothing
 * has a default: defaults in the field's code are not what its checkpoints have (BD3LM's cond_dim).
 *
 * @param family whose it is
 * @param network sizes
 * @param masking whether the noise masks; else it is uniform
 * @param representation what the network's output means
 * @param timeConditioning whether the network is told the noise level
 * @param classes classes of a class-conditional network, 0 for none
 * @param ids special ids it names; those of the families that name none are the tokenizer's
 *     business
 */
record FieldConfig(
    Family family,
    Architecture network,
    boolean masking,
    Representation representation,
    boolean timeConditioning,
    int classes,
    SpecialIds ids) {

  private static final int MOST_CLASSES = 1_000_000;
  private static final SpecialIds NO_IDS = SpecialIds.FROM_FILE;

  /**
   * Whether a configuration is not ours but somebody else's; ours has a format.
   *
   * @throws IOException in one line, if it is no JSON object
   */
  static boolean isForeign(Path file, byte[] json) throws IOException {
    return !object(file, json).has("format");
  }

  /**
   * Reads a configuration.
   *
   * @param file for messages
   * @throws IOException in one line, if it names no family, or does not say what its family needs
   */
  static FieldConfig parse(Path file, byte[] json) throws IOException {
    JsonNode root = object(file, json);
    JsonNode nested = root.path("model").path("type");
    if (root.has("model_type") && nested.isTextual()) {
      throw new IOException(file + " has both model_type and model.type: which family is it?");
    }
    ConfigKeys keys = new ConfigKeys(file, root);
    try {
      if (root.has("model_type")) {
        Family family = Family.ofModelType(keys.text("model_type"));
        return switch (family) {
          case LLADA -> LlamaConfig.llada(keys);
          case DREAM -> LlamaConfig.dream(keys);
          case BD3LM -> blocks(keys);
          default -> flat(family, keys);
        };
      }
      return switch (nested.asText()) {
        case "ddit" -> sedd(keys);
        case "ddit_wot" -> radd(keys);
        default ->
            throw new IOException(
                file
                    + " names no family that is run here: format (dllm4j), model_type (mdlm, udlm,"
                    + " duo, llada, dream, bd3lm) or model.type (ddit for SEDD, ddit_wot for RADD) must be there");
      };
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode object(Path file, byte[] json) throws IOException {
    try {
      JsonNode root = ModelConfig.JSON.readTree(json);
      if (root != null && root.isObject()) {
        return root;
      }
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not JSON: " + JsonErrors.reason(e), e);
    }
    throw new IOException(file + ": a JSON object is wanted");
  }

  private static FieldConfig sedd(ConfigKeys keys) throws IOException {
    String graph = keys.text("graph.type");
    if (!graph.equals("absorb") && !graph.equals("uniform")) {
      throw keys.bad("graph.type", "must be absorb or uniform, got " + graph);
    }
    boolean masking = graph.equals("absorb");
    if (keys.flag("model.scale_by_sigma") != masking) {
      throw keys.bad(
          "model.scale_by_sigma",
          masking
              ? "must be true for an absorbing graph, got false"
              : "must be false for a uniform graph, got true");
    }
    NetworkShape shape = nested(keys, masking ? 1 : 0, true);
    return new FieldConfig(Family.SEDD, shape, masking, Representation.SCORE, true, 0, NO_IDS);
  }

  private static FieldConfig radd(ConfigKeys keys) throws IOException {
    NetworkShape shape = nested(keys, 1, false);
    return new FieldConfig(Family.RADD, shape, true, Representation.DENOISER, false, 0, NO_IDS);
  }

  private static NetworkShape nested(ConfigKeys keys, int masks, boolean time) throws IOException {
    return new NetworkShape(
        keys.number("tokens", NetworkShape.LARGEST_VOCABULARY - 1) + masks,
        keys.number("model.hidden_size"),
        keys.number("model.n_blocks"),
        keys.number("model.n_heads"),
        keys.number("model.length"),
        time ? keys.number("model.cond_dim") : 0,
        !time);
  }

  private static FieldConfig flat(Family family, ConfigKeys keys) throws IOException {
    if (family == Family.DUO && keys.flag("causal")) {
      throw keys.bad("causal", "must be false, got true: no diffusion model");
    }
    NetworkShape shape = flatShape(keys, keys.number("cond_dim"));
    boolean masking = family == Family.MDLM;
    int classes =
        family == Family.UDLM && keys.flag("cfg")
            ? keys.number("cfg_num_classes", MOST_CLASSES)
            : 0;
    return new FieldConfig(
        family,
        shape,
        masking,
        masking ? Representation.DENOISER : Representation.LEAVE_ONE_OUT,
        family == Family.DUO || keys.flag("time_conditioning"),
        classes,
        NO_IDS);
  }

  private static NetworkShape flatShape(ConfigKeys keys, int timeWidth) throws IOException {
    return new NetworkShape(
        keys.number("vocab_size"),
        keys.number("hidden_dim"),
        keys.number("n_blocks"),
        keys.number("n_heads"),
        keys.number("model_length"),
        timeWidth,
        false);
  }

  /** BD3LM's. Its attn_backend chooses a kernel, var_min what training sampled: neither matters. */
  private static FieldConfig blocks(ConfigKeys keys) throws IOException {
    keys.require("cross_attn", "true");
    keys.require("causal", "false");
    keys.require("time_conditioning", "false");
    NetworkShape shape = flatShape(keys, keys.flag("adaln") ? keys.number("cond_dim") : 0);
    int block = keys.number("block_size");
    if (shape.length() % block != 0) {
      throw keys.bad(
          "block_size",
          String.format(Locale.ROOT, "must divide model_length %d, got %d", shape.length(), block));
    }
    return new FieldConfig(
        Family.BD3LM,
        new BlockShape(shape, block),
        true,
        Representation.DENOISER,
        false,
        0,
        NO_IDS);
  }

  /** The same beside a tokenizer with so many ids. */
  FieldConfig known(int size) {
    return network instanceof LlamaShape llama
        ? new FieldConfig(
            family, llama.withKnown(size), masking, representation, timeConditioning, classes, ids)
        : this;
  }

  /**
   * The same as our own configuration.
   *
   * @param mask id of MASK, -1 for uniform noise
   */
  ModelConfig toModelConfig(int mask, String tokenizerSha256, ModelConfig.Provenance provenance) {
    return new ModelConfig(
        ModelConfig.FORMAT,
        1,
        network,
        masking ? "masking" : "uniform",
        representation,
        timeConditioning,
        mask,
        tokenizerSha256,
        provenance);
  }
}
