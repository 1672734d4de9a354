package io.github.dllm4j.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One id per code point, in pure Java. */
final class CharacterTokenizer extends AbstractTokenizer {

  private final TokenNames names;
  private final int[] codePoints; // by index of the id's name, -1 for special ids
  private final int[] ids; // by code point, -1 for unknown

  /** A file known to be a character tokenizer. */
  CharacterTokenizer(TokenizerFile file) {
    super(file.json(), file.vocabulary());
    names = file.names();
    codePoints = new int[names.count()];
    Arrays.fill(codePoints, -1);
    file.clean().forEach((text, id) -> codePoints[names.index(id)] = text.codePointAt(0));
    ids = new int[Arrays.stream(codePoints).max().orElse(-1) + 1];
    Arrays.fill(ids, -1);
    file.clean().forEach((text, id) -> ids[text.codePointAt(0)] = id);
  }

  /** The code point that an id stands for, -1 if none. */
  private int codePoint(int id) {
    int index = names.index(id);
    return index < 0 ? -1 : codePoints[index];
  }

  @Override
  int[] encodeText(String text) {
    int[] tokens = new int[text.codePointCount(0, text.length())];
    int at = 0;
    for (int i = 0; i < tokens.length; i++) {
      int codePoint = text.codePointAt(at);
      int id = codePoint < ids.length ? ids[codePoint] : -1;
      if (id < 0) {
        throw new IllegalArgumentException(
            "character "
                + UnicodeText.show(codePoint)
                + " at position "
                + i
                + " is not in the vocabulary; allowed: its "
                + Arrays.stream(codePoints).filter(c -> c >= 0).count()
                + " characters");
      }
      tokens[i] = id;
      at += Character.charCount(codePoint);
    }
    return tokens;
  }

  @Override
  String decodeIds(int[] tokens) {
    StringBuilder text = new StringBuilder(tokens.length);
    for (int id : tokens) {
      int codePoint = codePoint(id);
      if (codePoint >= 0) {
        text.appendCodePoint(codePoint);
      }
    }
    return text.toString();
  }

  @Override
  byte[] bytesOf(int id) {
    int codePoint = codePoint(id);
    return codePoint >= 0
        ? Character.toString(codePoint).getBytes(StandardCharsets.UTF_8)
        : new byte[0];
  }

  @Override
  String show(int id) {
    return names.of(id);
  }

  @Override
  public int lastCut(String text) {
    return UnicodeText.wholeCodePoints(text);
  }

  @Override
  public TokenizerKind kind() {
    return TokenizerKind.CHAR;
  }
}
