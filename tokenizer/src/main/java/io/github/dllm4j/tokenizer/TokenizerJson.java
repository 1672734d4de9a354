package io.github.dllm4j.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes our own tokenizers as Hugging Face {@code tokenizer.json} files. All three kinds are BPE
 * models: byte has no merges, char has characters for bytes, no merges and no pre-tokenizer.
 */
final class TokenizerJson {

  static final String END = "<|end|>";
  static final String MASK = "<|mask|>";

  /** Strict: no duplicate keys, nothing after the document. */
  static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
          .build();

  private TokenizerJson() {}

  /** Byte-level BPE with these merges, packed {@code first << 32 | second} in order. */
  static byte[] bpe(long[] merges) {
    List<String> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(Character.toString(ByteAlphabet.of(b)));
    }
    List<String> mergeLines = new ArrayList<>();
    for (long merge : merges) {
      String first = tokens.get((int) (merge >>> 32));
      String second = tokens.get((int) merge);
      mergeLines.add(first + " " + second);
      tokens.add(first + second);
    }
    return file(tokens, mergeLines, byteLevel(false), byteLevel(true));
  }

  /** One token per byte. */
  static byte[] bytes() {
    return bpe(new long[0]);
  }

  /** One token per code point, in this order. */
  static byte[] character(int[] codePoints) {
    List<String> tokens = new ArrayList<>();
    for (int codePoint : codePoints) {
      tokens.add(Character.toString(codePoint));
    }
    ObjectNode fuse = MAPPER.createObjectNode().put("type", "Fuse");
    return file(tokens, List.of(), MAPPER.nullNode(), fuse);
  }

  private static ObjectNode byteLevel(boolean prefixSpace) {
    return MAPPER
        .createObjectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", prefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static byte[] file(
      List<String> tokens, List<String> merges, JsonNode preTokenizer, JsonNode decoder) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    added.add(special(tokens.size(), END));
    added.add(special(tokens.size() + 1, MASK));
    root.putNull("normalizer");
    root.set("pre_tokenizer", preTokenizer);
    root.putNull("post_processor");
    root.set("decoder", decoder);
    ObjectNode model = root.putObject("model");
    model.put("type", "BPE").putNull("dropout").putNull("unk_token");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    ObjectNode vocabulary = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocabulary.put(tokens.get(id), id);
    }
    ArrayNode mergeList = model.putArray("merges");
    merges.forEach(mergeList::add);
    return write(root);
  }

  private static ObjectNode special(int id, String content) {
    return MAPPER
        .createObjectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  /** A JSON tree as UTF-8. */
  static byte[] write(JsonNode root) {
    try {
      return MAPPER.writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree could not be written", e);
    }
  }
}
