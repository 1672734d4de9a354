package io.github.dllm4j.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One id per byte of UTF-8, in pure Java. */
final class ByteTokenizer extends AbstractTokenizer {

  private final TokenNames names;
  private final int[] bytes; // by index of the id's name, 0..255, -1 for special ids
  private final int[] ids = new int[256]; // by byte

  /** A file known to be a byte tokenizer. */
  ByteTokenizer(TokenizerFile file) {
    super(file.json(), file.vocabulary());
    names = file.names();
    bytes = new int[names.count()];
    Arrays.fill(bytes, -1);
    file.clean()
        .forEach(
            (text, id) -> {
              int value = ByteAlphabet.byteOf(text.charAt(0));
              bytes[names.index(id)] = value;
              ids[value] = id;
            });
  }

  /** The byte that an id stands for, 0..255; -1 if none. */
  private int byteOf(int id) {
    int index = names.index(id);
    return index < 0 ? -1 : bytes[index];
  }

  @Override
  int[] encodeText(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[utf8.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = ids[utf8[i] & 0xff];
    }
    return tokens;
  }

  @Override
  String decodeIds(int[] tokens) {
    ByteArrayOutputStream utf8 = new ByteArrayOutputStream(tokens.length);
    for (int id : tokens) {
      int value = byteOf(id);
      if (value >= 0) {
        utf8.write(value);
      }
    }
    return utf8.toString(StandardCharsets.UTF_8);
  }

  @Override
  byte[] bytesOf(int id) {
    int value = byteOf(id);
    return value >= 0 ? new byte[] {(byte) value} : new byte[0];
  }

  @Override
  String show(int id) {
    int value = byteOf(id);
    return value >= 0 ? Shown.bytes((byte) value) : names.of(id);
  }

  @Override
  public int lastCut(String text) {
    return UnicodeText.wholeCodePoints(text);
  }

  @Override
  public TokenizerKind kind() {
    return TokenizerKind.BYTE;
  }
}
