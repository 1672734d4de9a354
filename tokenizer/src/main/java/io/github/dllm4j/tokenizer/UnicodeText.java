package io.github.dllm4j.tokenizer;

import java.util.Locale;

/** Small questions about text. */
final class UnicodeText {

  private UnicodeText() {}

  /** Unicode's White_Space property, which is {@code \s} in the tokenizers' regular expressions. */
  static boolean isWhiteSpace(int codePoint) {
    if (codePoint <= ' ') {
      return codePoint == ' ' || (codePoint >= 9 && codePoint <= 13);
    }
    return codePoint == 0x85
        || codePoint == 0xA0
        || codePoint == 0x1680
        || (codePoint >= 0x2000 && codePoint <= 0x200A)
        || codePoint == 0x2028
        || codePoint == 0x2029
        || codePoint == 0x202F
        || codePoint == 0x205F
        || codePoint == 0x3000;
  }

  /**
   * Returns the text if it is well-formed.
   *
   * @throws IllegalArgumentException if it holds a lone surrogate
   */
  static String requireWellFormed(String text) {
    int codePoint;
    for (int i = 0; i < text.length(); i += Character.charCount(codePoint)) {
      codePoint = text.codePointAt(i);
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "text holds the lone surrogate U+%04X at index %d; allowed: well-formed Unicode",
                codePoint,
                i));
      }
    }
    return text;
  }

  /** The length of the text without a high surrogate at its end whose partner is still to come. */
  static int wholeCodePoints(String text) {
    int length = text.length();
    return length > 0 && Character.isHighSurrogate(text.charAt(length - 1)) ? length - 1 : length;
  }

  /**
   * The last place before a space or newline that follows a character which is certainly not white
   * space, 0 if there is none. Pre-tokenizers that split at white space never join across it: in
   * GPT-2's pattern white space only opens a pre-token or fills one.
   */
  static int lastCutBeforeSpace(String text) {
    for (int i = text.length() - 1; i > 0; i--) {
      char c = text.charAt(i);
      if ((c == ' ' || c == '\n') && certainlyNotWhiteSpace(text.charAt(i - 1))) {
        return i;
      }
    }
    return 0;
  }

  /** Leaves out what some Unicode versions call white space: U+180E, U+200B, U+FEFF. */
  private static boolean certainlyNotWhiteSpace(char c) {
    return c > ' '
        && !isWhiteSpace(c)
        && !Character.isISOControl(c)
        && c != 0x180E
        && c != 0x200B
        && c != 0xFEFF;
  }

  /** A character for a message: itself where it can be seen, its code point, and both if so. */
  static String show(int codePoint) {
    String hex = String.format(Locale.ROOT, "U+%04X", codePoint);
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.UNASSIGNED,
          Character.PRIVATE_USE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          hex;
      default -> "'" + Character.toString(codePoint) + "' (" + hex + ")";
    };
  }
}
