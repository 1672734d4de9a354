package io.github.dllm4j.tokenizer;

import java.util.function.Consumer;

/**
 * GPT-2's pre-tokenisation, as the ByteLevel pre-tokenizer of Hugging Face does it:
 *
 * <pre>{@code
 * 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * }</pre>
 *
 * written out by hand because it runs over whole corpora; a test compares it with the pattern. One
 * pass, no memory.
 */
final class PreTokens {

  private static final String[] CONTRACTIONS = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};

  private PreTokens() {}

  /** Hands the pre-tokens of a well-formed text to the consumer, in order. */
  static void forEach(String text, Consumer<String> consumer) {
    for (int from = 0; from < text.length(); ) {
      int to = end(text, from);
      consumer.accept(text.substring(from, to));
      from = to;
    }
  }

  /** The end of the pre-token that starts at {@code from}. */
  private static int end(String text, int from) {
    if (text.charAt(from) == '\'') {
      for (String contraction : CONTRACTIONS) {
        if (text.startsWith(contraction, from)) {
          return from + contraction.length();
        }
      }
    }
    int start = text.charAt(from) == ' ' && from + 1 < text.length() ? from + 1 : from;
    CharacterClass first = CharacterClass.of(text.codePointAt(start));
    if (first != CharacterClass.SPACE) {
      return runEnd(text, start, first);
    }
    int end = runEnd(text, from, CharacterClass.SPACE);
    // Before a word the last white-space character of a run stays for that word (all are one char).
    return end == text.length() || end - from == 1 ? end : end - 1;
  }

  private static int runEnd(String text, int from, CharacterClass wanted) {
    int at = from;
    while (at < text.length()) {
      int codePoint = text.codePointAt(at);
      if (CharacterClass.of(codePoint) != wanted) {
        break;
      }
      at += Character.charCount(codePoint);
    }
    return at;
  }

  private enum CharacterClass {
    LETTER,
    NUMBER,
    SPACE,
    OTHER;

    static CharacterClass of(int codePoint) {
      if (UnicodeText.isWhiteSpace(codePoint)) {
        return SPACE;
      }
      return switch (Character.getType(codePoint)) {
        case Character.UPPERCASE_LETTER,
            Character.LOWERCASE_LETTER,
            Character.TITLECASE_LETTER,
            Character.MODIFIER_LETTER,
            Character.OTHER_LETTER ->
            LETTER;
        case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
            NUMBER;
        default -> OTHER;
      };
    }
  }
}
