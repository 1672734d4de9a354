package io.github.dllm4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The file as the native library gets it. The library looks for the names of added tokens in every
 * text and turns them into special ids, whatever its settings. Here the special ones get names
 * nobody can know, drawn anew for each load; ids stay, and {@code <|mask|>} in a text is just text.
 * Random merge dropout, truncation, padding and wrapping go too.
 */
final class HiddenSpecials {

  private final Map<String, String> hidden = new HashMap<>();
  private final ObjectNode root;

  /** Rewrites a file; the file itself stays as it is. */
  HiddenSpecials(TokenizerFile file) {
    String secret = UUID.randomUUID().toString().replace("-", "");
    file.special().forEach((name, id) -> hidden.put(name, "x" + secret + "x" + id + "x"));
    root = file.root().deepCopy();
    root.putNull("truncation").putNull("padding").putNull("post_processor");
    for (JsonNode token : root.path("added_tokens")) {
      String name = token.path("content").textValue();
      if (hidden.containsKey(name)) {
        // Marked normalized, a name would be looked up in its normalised form.
        ((ObjectNode) token).put("content", hidden.get(name)).put("normalized", false);
      }
    }
    if (root.path("model") instanceof ObjectNode model) {
      renameModel(model);
    }
  }

  private void renameModel(ObjectNode model) {
    if (model.has("dropout")) {
      model.putNull("dropout");
    }
    String unknown = model.path("unk_token").asText("");
    if (hidden.containsKey(unknown)) {
      model.put("unk_token", hidden.get(unknown));
    }
    if (model.path("vocab") instanceof ObjectNode vocab) {
      hidden.forEach(
          (name, secret) -> {
            JsonNode id = vocab.remove(name);
            if (id != null) {
              vocab.set(secret, id);
            }
          });
    } else if (model.path("vocab") instanceof ArrayNode pieces) {
      for (JsonNode piece : pieces) {
        String name = piece.path(0).asText();
        if (hidden.containsKey(name)) {
          ((ArrayNode) piece).set(0, TextNode.valueOf(hidden.get(name)));
        }
      }
    }
    if (model.path("merges") instanceof ArrayNode merges) {
      for (int i = merges.size() - 1; i >= 0; i--) {
        if (makesSpecial(merges.get(i))) {
          merges.remove(i);
        }
      }
    }
  }

  /** A merge is written "a b" or ["a", "b"]. */
  private boolean makesSpecial(JsonNode merge) {
    String[] parts =
        merge.isArray()
            ? new String[] {merge.path(0).asText(), merge.path(1).asText()}
            : merge.asText().split(" ", 2);
    return parts.length == 2
        && (hidden.containsKey(parts[0])
            || hidden.containsKey(parts[1])
            || hidden.containsKey(parts[0] + parts[1]));
  }

  /** The rewritten file. */
  byte[] json() {
    return TokenizerJson.write(root);
  }

  /** What a special token is called in the rewritten file. */
  String nameOf(String special) {
    return hidden.getOrDefault(special, special);
  }
}
