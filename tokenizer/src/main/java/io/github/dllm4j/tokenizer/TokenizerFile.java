package io.github.dllm4j.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A checked {@code tokenizer.json}: what the native library does not tell about it. Only the parts
 * used here are checked; the rest is the library's business.
 */
final class TokenizerFile {

  private static final int LONGEST_SHOWN = 100;

  private final String origin;
  private final byte[] json;
  private final ObjectNode root;
  private final Map<String, Integer> model = new LinkedHashMap<>(); // the model's own vocabulary
  private final Map<String, Integer> added = new LinkedHashMap<>(); // all added tokens
  private final Map<String, Integer> special = new LinkedHashMap<>(); // the special ones of them
  private final Vocabulary vocabulary;
  private final TokenNames names;

  /**
   * Reads a file.
   *
   * @param origin what messages call it
   * @throws IOException if it is not a tokenizer.json, in one line
   */
  TokenizerFile(String origin, byte[] json, SpecialIds decided) throws IOException {
    this.origin = origin;
    this.json = json;
    this.root = parse(json);
    readModel();
    readAdded();
    SpecialIds ids = SpecialNames.resolve(special, decided);
    Map<String, Integer> all = new LinkedHashMap<>(model);
    all.putAll(added);
    names = new TokenNames(all);
    int size = names.limit();
    for (OptionalInt id : List.of(ids.mask(), ids.pad(), ids.begin(), ids.end())) {
      size = Math.max(size, id.orElse(-1) + 1);
    }
    if (size == 0) {
      throw bad("it has no tokens");
    }
    vocabulary = new Vocabulary(size, ids.mask(), ids.pad(), ids.begin(), ids.end());
  }

  private ObjectNode parse(byte[] bytes) throws IOException {
    try {
      JsonNode node = TokenizerJson.MAPPER.readTree(bytes);
      if (node instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null
              ? ""
              : " (line "
                  + e.getLocation().getLineNr()
                  + ", column "
                  + e.getLocation().getColumnNr()
                  + ")";
      throw new IOException(origin + " is not valid JSON: " + JsonErrors.reason(e) + where, e);
    }
    throw bad("it is not a JSON object");
  }

  private void readModel() throws IOException {
    JsonNode vocab = root.path("model").path("vocab");
    if (vocab.isObject()) {
      for (Map.Entry<String, JsonNode> entry : vocab.properties()) {
        model.put(entry.getKey(), id(entry.getValue(), entry.getKey()));
      }
    } else if (vocab.isArray()) {
      for (int id = 0; id < vocab.size(); id++) {
        JsonNode piece = vocab.path(id).path(0);
        if (!piece.isTextual()) {
          throw bad("entry " + id + " of model.vocab is not a [text, number] pair");
        }
        model.put(piece.textValue(), id);
      }
    } else {
      throw bad("model.vocab is missing or neither an object nor an array");
    }
    if (new HashSet<>(model.values()).size() != model.size()) {
      throw bad("two tokens of model.vocab have the same id");
    }
  }

  private void readAdded() throws IOException {
    JsonNode list = root.path("added_tokens");
    if (list.isMissingNode() || list.isNull()) {
      return;
    }
    if (!list.isArray()) {
      throw bad("added_tokens is not an array");
    }
    Set<Integer> taken = new HashSet<>(model.values());
    for (JsonNode token : list) {
      JsonNode content = token.path("content");
      if (!content.isTextual() || content.textValue().isEmpty()) {
        throw bad("an entry of added_tokens has no content");
      }
      String name = content.textValue();
      int id = id(token.path("id"), name);
      Integer own = model.get(name);
      if (own == null ? !taken.add(id) : own != id) {
        throw bad("added token '" + name + "' has id " + id + ", which is another token's");
      }
      added.put(name, id);
      if (token.path("special").asBoolean(false) || SpecialNames.contains(name)) {
        special.put(name, id);
      }
    }
  }

  private int id(JsonNode node, String token) throws IOException {
    if (!node.isIntegralNumber()
        || !node.canConvertToInt()
        || node.intValue() < 0
        || node.intValue() >= SpecialIds.LIMIT) {
      throw bad(
          "the id of token '"
              + shortened(token)
              + "' is "
              + (node.isValueNode() ? shortened(node.asText()) : "missing")
              + "; allowed: 0.."
              + (SpecialIds.LIMIT - 1));
    }
    return node.intValue();
  }

  /** The beginning of a text's first line, which may be of any length. */
  private static String shortened(String text) {
    String line = text.lines().findFirst().orElse("");
    return line.length() <= LONGEST_SHOWN ? line : line.substring(0, LONGEST_SHOWN) + "...";
  }

  private IOException bad(String why) {
    return new IOException(origin + " is not a usable tokenizer.json: " + why);
  }

  /** What messages call this file. */
  String origin() {
    return origin;
  }

  /** The bytes as read; not to be changed. */
  byte[] json() {
    return json;
  }

  /** The parsed file; not to be changed. */
  ObjectNode root() {
    return root;
  }

  /** Size and special ids. */
  Vocabulary vocabulary() {
    return vocabulary;
  }

  /** The names of the ids. */
  TokenNames names() {
    return names;
  }

  /** Special added tokens and their ids. */
  Map<String, Integer> special() {
    return special;
  }

  /** Added tokens and their ids, special or not. */
  Map<String, Integer> added() {
    return added;
  }

  /** The model's tokens that are not special, and their ids. */
  Map<String, Integer> clean() {
    Map<String, Integer> clean = new LinkedHashMap<>(model);
    clean.keySet().removeAll(special.keySet());
    return clean;
  }
}
