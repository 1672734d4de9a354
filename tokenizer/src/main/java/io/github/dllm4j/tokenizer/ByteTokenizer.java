package io.github.dllm4j.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One id per byte of UTF-8, in pure Java. */
final class ByteTokenizer extends AbstractTokenizer {

  private final String[] names; // by id
  private final int[] bytes; // by id, 0..255, -1 for special ids
  private final int[] ids = new int[256]; // by byte

  /** A file known to be a byte tokenizer. */
  ByteTokenizer(TokenizerFile file) {
    super(file.json(), file.vocabulary());
    names = file.names();
    bytes = new int[vocabulary().size()];
    Arrays.fill(bytes, -1);
    file.clean()
        .forEach(
            (text, id) -> {
              bytes[id] = ByteAlphabet.byteOf(text.charAt(0));
              ids[bytes[id]] = id;
            });
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
      if (bytes[id] >= 0) {
        utf8.write(bytes[id]);
      }
    }
    return utf8.toString(StandardCharsets.UTF_8);
  }

  @Override
  byte[] bytesOf(int id) {
    return bytes[id] >= 0 ? new byte[] {(byte) bytes[id]} : new byte[0];
  }

  @Override
  String show(int id) {
    return bytes[id] >= 0 ? Shown.bytes((byte) bytes[id]) : names[id];
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
