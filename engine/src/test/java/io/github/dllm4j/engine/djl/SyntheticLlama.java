package io.github.dllm4j.engine.djl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** A model folder in LLaDA's layout, of any size, with random bfloat16 weights. */
final class SyntheticLlama {
  private static final List<String> MARKS =
      List.of(
          "<|startoftext|>",
          "<|endoftext|>",
          "<|mdm_mask|>",
          "<|start_header_id|>",
          "<|end_header_id|>",
          "<|eot_id|>");

  /** Rows of embedding and head above the tokenizer's ids. */
  private static final int UNKNOWN = 64;

  private SyntheticLlama() {}

  /** A LLaDA: as many heads of keys as of queries, no biases, a head of its own. */
  static LlamaShape shape(int vocabulary, int width, int inner, int layers, int heads, int length) {
    return new LlamaShape(
        Family.LLADA,
        vocabulary,
        vocabulary - UNKNOWN,
        width,
        inner,
        layers,
        heads,
        heads,
        length,
        false,
        false,
        500_000,
        1e-5);
  }

  /** Writes config.json, tokenizer.json and model.safetensors. */
  static void write(Path folder, LlamaShape shape, long seed) throws IOException {
    Files.writeString(folder.resolve("config.json"), config(shape));
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer(shape.known()));
    List<SafeTensorsWriter.Item> items = new ArrayList<>();
    SplittableRandom source = new SplittableRandom(seed);
    long largest =
        shape.tensors().stream().mapToLong(Architecture.Tensor::size).max().orElseThrow();
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(2 * largest)).order(ByteOrder.nativeOrder());
    short[] normal = normal();
    for (Architecture.Tensor tensor : shape.tensors()) {
      items.add(
          new SafeTensorsWriter.Item(
              "model." + tensor.name(),
              SafeTensors.Type.BF16,
              tensor.shape(),
              () -> random(bytes.clear(), tensor, source, normal)));
    }
    SafeTensorsWriter.write(folder.resolve("model.safetensors"), items, Map.of("format", "pt"));
  }

  /** Many draws from the normal law, as float's upper halves. */
  private static short[] normal() {
    Random random = new Random(1);
    short[] normal = new short[1 << 16];
    for (int i = 0; i < normal.length; i++) {
      normal[i] = (short) (Float.floatToIntBits((float) random.nextGaussian()) >>> 16);
    }
    return normal;
  }

  /** Norms of 1, an embedding of deviation 1, matrices of 1 / root of their width. */
  private static ByteBuffer random(
      ByteBuffer bytes, Architecture.Tensor tensor, SplittableRandom source, short[] normal) {
    long size = tensor.size();
    boolean matrix = tensor.shape().length == 2;
    boolean embedding = tensor.name().contains("wte");
    // A power of two moves the exponent only.
    int halvings =
        matrix && !embedding
            ? (int) Math.round(Math.log((double) tensor.shape()[1]) / Math.log(4))
            : 0;
    long bits = 0;
    for (long i = 0; i < size; i++) {
      if (!matrix) {
        bytes.putShort((short) (Float.floatToIntBits(1) >>> 16));
        continue;
      }
      bits = i % 4 == 0 ? source.nextLong() : bits >>> 16;
      short draw = normal[(int) (bits & 0xffff)];
      boolean small = (draw & 0x7fff) >>> 7 <= halvings;
      bytes.putShort(small ? 0 : (short) (draw - (halvings << 7)));
    }
    return bytes.flip();
  }

  private static String config(LlamaShape shape) throws IOException {
    ObjectNode config =
        (ObjectNode)
            ModelConfig.JSON.readTree(
                new FieldFixture("llada").folder().resolve("config.json").toFile());
    config.put("embedding_size", shape.vocabulary()).put("vocab_size", shape.vocabulary());
    config.put("d_model", shape.width()).put("mlp_hidden_size", shape.inner());
    config.put("n_layers", shape.layers()).put("max_sequence_length", shape.length());
    config.put("n_heads", shape.heads()).put("n_kv_heads", shape.keyHeads());
    config.put("eos_token_id", shape.known() - MARKS.size() + MARKS.indexOf("<|endoftext|>"));
    config.put("mask_token_id", shape.known() - MARKS.size() + MARKS.indexOf("<|mdm_mask|>"));
    return ModelConfig.JSON.writeValueAsString(config);
  }

  /** Letters, then words that no text becomes, then the marks. */
  private static String tokenizer(int known) throws IOException {
    ObjectNode root =
        (ObjectNode)
            ModelConfig.JSON.readTree(
                new FieldFixture("llada").folder().resolve("tokenizer.json").toFile());
    ObjectNode vocabulary = (ObjectNode) root.get("model").get("vocab");
    for (int id = vocabulary.size(); id < known - MARKS.size(); id++) {
      vocabulary.put("w" + id, id);
    }
    IntStream.range(0, MARKS.size())
        .forEach(
            i -> ((ObjectNode) root.get("added_tokens").get(i)).put("id", vocabulary.size() + i));
    return ModelConfig.JSON.writeValueAsString(root);
  }
}
