package io.github.dllm4j.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;

/** Recognises tokenizers by the structure of their file. */
final class FileShape {

  private static final Set<String> SPLIT_AT_SPACE =
      Set.of("BertPreTokenizer", "Whitespace", "WhitespaceSplit");
  private static final Set<String> LOCAL_NORMALIZERS =
      Set.of("BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase");

  private final TokenizerFile file;
  private final JsonNode model;

  /** Looks at a file. */
  FileShape(TokenizerFile file) {
    this.file = file;
    this.model = file.root().path("model");
  }

  /** The kind of tokenizer the file is. */
  TokenizerKind kind() {
    boolean onlySpecialAdded = file.added().size() == file.special().size();
    if (!isType(model, "BPE") || !onlySpecialAdded || present("normalizer")) {
      return byteLevel() ? TokenizerKind.BPE : TokenizerKind.OTHER;
    }
    Map<String, Integer> clean = file.clean();
    boolean plain = model.path("merges").isArray() && model.path("merges").isEmpty();
    if (plain && byteLevel() && isByteAlphabet(clean)) {
      return TokenizerKind.BYTE;
    }
    boolean single = clean.keySet().stream().allMatch(FileShape::isOneCodePoint);
    boolean fused = isType(file.root().path("decoder"), "Fuse");
    if (plain && !clean.isEmpty() && single && fused && !present("pre_tokenizer")) {
      return TokenizerKind.CHAR;
    }
    return byteLevel() ? TokenizerKind.BPE : TokenizerKind.OTHER;
  }

  /** Byte-level BPE that changes nothing about the text: GPT-2's kind. */
  private boolean byteLevel() {
    JsonNode preTokenizer = file.root().path("pre_tokenizer");
    return isType(model, "BPE")
        && !present("normalizer")
        && isType(preTokenizer, "ByteLevel")
        && !preTokenizer.path("add_prefix_space").asBoolean(true)
        && isType(file.root().path("decoder"), "ByteLevel");
  }

  /** Whether tokens never reach from a word into the white space after it. */
  boolean cutsBeforeSpace() {
    JsonNode preTokenizer = file.root().path("pre_tokenizer");
    boolean gpt2 =
        isType(preTokenizer, "ByteLevel")
            && !preTokenizer.path("add_prefix_space").asBoolean(true)
            && preTokenizer.path("use_regex").asBoolean(true);
    boolean words = SPLIT_AT_SPACE.contains(preTokenizer.path("type").asText());
    boolean localNormalizer =
        !present("normalizer")
            || LOCAL_NORMALIZERS.contains(file.root().path("normalizer").path("type").asText());
    return (gpt2 || words) && localNormalizer && addedTokensHaveNoSpace();
  }

  private boolean addedTokensHaveNoSpace() {
    for (JsonNode token : file.root().path("added_tokens")) {
      String name = token.path("content").asText();
      boolean spaced =
          name.codePoints().anyMatch(UnicodeText::isWhiteSpace)
              || token.path("lstrip").asBoolean(false)
              || token.path("rstrip").asBoolean(false);
      if (spaced && !file.special().containsKey(name)) {
        return false;
      }
    }
    return true;
  }

  private boolean present(String part) {
    return file.root().hasNonNull(part);
  }

  private static boolean isType(JsonNode node, String type) {
    return node.path("type").asText().equals(type);
  }

  private static boolean isOneCodePoint(String text) {
    return !text.isEmpty()
        && text.codePointCount(0, text.length()) == 1
        && !(text.length() == 1 && Character.isSurrogate(text.charAt(0)));
  }

  private static boolean isByteAlphabet(Map<String, Integer> clean) {
    return clean.size() == 256
        && clean.keySet().stream()
            .allMatch(text -> text.length() == 1 && ByteAlphabet.byteOf(text.charAt(0)) >= 0);
  }
}
