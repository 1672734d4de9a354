package io.github.dllm4j.tokenizer;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a token is. */
public enum TokenizerKind {
  /** Byte-level byte-pair encoding: frequent byte sequences. Any text can be encoded. */
  BPE,
  /** One code point. Only the characters it was made from can be encoded. */
  CHAR,
  /** One byte of UTF-8. Any text can be encoded. */
  BYTE,
  /** Any other Hugging Face tokenizer (WordPiece, Unigram, ...); round trips may lose detail. */
  OTHER;

  /** The name on the command line and in reports: lower case. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The kind of that name.
   *
   * @throws IllegalArgumentException if the name is none of bpe, char, byte
   */
  public static TokenizerKind of(String label) {
    for (TokenizerKind kind : values()) {
      if (kind != OTHER && kind.label().equals(label)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "tokenizer kind is '"
            + label
            + "'; allowed: "
            + Arrays.stream(values())
                .filter(kind -> kind != OTHER)
                .map(TokenizerKind::label)
                .collect(Collectors.joining(", ")));
  }
}
