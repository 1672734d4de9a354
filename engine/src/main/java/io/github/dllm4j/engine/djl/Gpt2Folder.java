package io.github.dllm4j.engine.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A GPT-2 as the hub keeps it: config.json with model_type gpt2, model.safetensors.
 *
 * <p>Tensors may begin with {@code transformer.} or not. Matrices of the blocks are stored as [in,
 * out] and are turned; the head is the embedding. Masks that old files keep ({@code h.N.attn.bias})
 * are passed over; everything else must be known, present and of the shape that config.json says.
 * What would change the function that is computed is refused: another activation, epsilon, scaling
 * of attention, cross-attention, a head of its own.
 *
 * @param shape sizes
 * @param start id of the begin of text
 */
record Gpt2Folder(Gpt2Shape shape, int start) {
  private static final String PREFIX = "transformer.";
  private static final String HEAD = "lm_head.";

  /** What config.json must say, or may leave out where that means the same. */
  private static final Map<String, Boolean> FLAGS =
      Map.of(
          "scale_attn_weights", true,
          "scale_attn_by_inverse_layer_idx", false,
          "add_cross_attention", false,
          "tie_word_embeddings", true);

  /** Whether a folder's config.json says that its model is a GPT-2. */
  static boolean isGpt2(Path folder) throws IOException {
    Path file = folder.resolve("config.json");
    return Files.isRegularFile(file)
        && json(FolderFile.of(folder, "config.json")).path("model_type").asText().equals("gpt2");
  }

  private static JsonNode json(Path file) throws IOException {
    return ModelConfig.parse(file, FolderFile.read(file, ModelConfig.LARGEST_FILE), JsonNode.class);
  }

  /**
   * Reads and checks a configuration.
   *
   * @throws IOException in one line, if it is not that of a GPT-2 this engine computes
   */
  static Gpt2Folder read(Path folder) throws IOException {
    Path file = FolderFile.of(folder, "config.json");
    JsonNode config = json(file);
    require(file, config, "model_type", "gpt2");
    require(file, config, "activation_function", "gelu_new");
    if (config.path("layer_norm_epsilon").asDouble() != 1e-5) {
      throw wanted(file, "layer_norm_epsilon", "1e-5", config.path("layer_norm_epsilon"));
    }
    for (Map.Entry<String, Boolean> flag : FLAGS.entrySet()) {
      JsonNode value = config.path(flag.getKey());
      if (!value.isMissingNode() && !value.equals(BooleanNode.valueOf(flag.getValue()))) {
        throw wanted(file, flag.getKey(), flag.getValue().toString(), value);
      }
    }
    int width = size(file, config, "n_embd");
    int length = size(file, config, "n_positions");
    if (config.has("n_ctx") && size(file, config, "n_ctx") != length) {
      throw wanted(file, "n_ctx", "n_positions, " + length, config.path("n_ctx"));
    }
    try {
      Gpt2Shape shape =
          new Gpt2Shape(
              size(file, config, "vocab_size"),
              width,
              config.path("n_inner").isInt() ? size(file, config, "n_inner") : 4 * width,
              size(file, config, "n_layer"),
              size(file, config, "n_head"),
              length);
      int start = size(file, config, "bos_token_id");
      if (start < 0 || start >= shape.vocabulary()) {
        String ids = "an id below vocab_size, " + shape.vocabulary();
        throw wanted(file, "bos_token_id", ids, config.path("bos_token_id"));
      }
      return new Gpt2Folder(shape, start);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static void require(Path file, JsonNode config, String name, String value)
      throws IOException {
    if (!config.path(name).asText().equals(value)) {
      throw wanted(file, name, value, config.path(name));
    }
  }

  private static int size(Path file, JsonNode config, String name) throws IOException {
    if (!config.path(name).isInt()) {
      throw wanted(file, name, "a whole number", config.path(name));
    }
    return config.path(name).asInt();
  }

  private static IOException wanted(Path file, String name, String what, JsonNode value) {
    return new IOException(
        String.format(
            Locale.ROOT,
            "%s: %s must be %s, got %s",
            file,
            name,
            what,
            value.isMissingNode() ? "nothing" : value));
  }

  /**
   * Reads the weights.
   *
   * @param manager where they go; taken over, and closed if reading fails
   * @throws IOException in one line, if the file is unsound or its tensors are not those of the
   *     shape
   */
  Network network(NDManager manager, Path folder) throws IOException {
    Path file = folder.resolve("model.safetensors");
    if (!Files.exists(file) && Files.exists(folder.resolve("pytorch_model.bin"))) {
      manager.close();
      throw new IOException(
          folder + " has pickled weights only, which are code: convert them to model.safetensors");
    }
    try (Weights source = Weights.of(FolderFile.of(folder, "model.safetensors"), "")) {
      String prefix = prefix(source);
      Program program = Program.load(manager);
      List<NDArray> weights = new ArrayList<>();
      Set<String> unknown = new TreeSet<>(source.names());
      for (Architecture.Tensor tensor : shape.tensors()) {
        if (!tensor.name().startsWith(HEAD)) {
          weights.add(load(manager, program, source, prefix, tensor));
          unknown.remove(prefix + tensor.name());
        }
      }
      unknown.removeIf(name -> name.matches("(transformer\\.)?h\\.\\d+\\.attn\\.(masked_)?bias"));
      if (unknown.remove(HEAD + "weight")) {
        requireTied(source, prefix);
      }
      if (!unknown.isEmpty()) {
        throw new IOException(
            file
                + " has a tensor a GPT-2 has no place for: "
                + FolderFile.shown(unknown.iterator().next()));
      }
      weights.add(weights.get(0));
      Shape bias = new Shape(shape.vocabulary());
      weights.add(PyTorchThread.call(() -> manager.zeros(bias)));
      return new Network(manager, shape, program, weights);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private static String prefix(Weights source) throws IOException {
    boolean bare = source.names().contains("wte.weight");
    boolean prefixed = source.names().contains(PREFIX + "wte.weight");
    if (bare == prefixed) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s must have either wte.weight or %swte.weight, it has %s",
              source.origin(),
              PREFIX,
              bare ? "both" : "neither"));
    }
    return bare ? "" : PREFIX;
  }

  private static NDArray load(
      NDManager manager, Program program, Weights source, String prefix, Architecture.Tensor tensor)
      throws IOException {
    long[] s = tensor.shape();
    boolean turned = s.length == 2 && tensor.name().startsWith("h.");
    Weights.Stored found =
        source.need(prefix + tensor.name(), turned ? new long[] {s[1], s[0]} : s);
    NDArray stored = Network.load(manager, program, found.source(), found.entry());
    if (!turned) {
      return stored;
    }
    try (stored) {
      return stored.transpose();
    }
  }

  /** A head in the file is the embedding once more, or the model is another one. */
  private void requireTied(Weights source, String prefix) throws IOException {
    long[] s = {shape.vocabulary(), shape.width()};
    Weights.Stored head = source.need(HEAD + "weight", s);
    Weights.Stored embedding = source.need(prefix + "wte.weight", s);
    if (head.entry().type() != embedding.entry().type()
        || !head.source().bytes(head.entry()).equals(embedding.source().bytes(embedding.entry()))) {
      throw new IOException(
          source.origin() + ": lm_head.weight must be the same as wte.weight, it differs");
    }
  }
}
