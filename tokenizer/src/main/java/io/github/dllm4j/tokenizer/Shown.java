package io.github.dllm4j.tokenizer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Bytes as something to show. */
final class Shown {

  private Shown() {}

  /** The text the bytes are in UTF-8, or {@code <0xE2><0x82>} if they are not whole characters. */
  static String bytes(byte... bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      StringBuilder hex = new StringBuilder();
      for (byte b : bytes) {
        hex.append(String.format(Locale.ROOT, "<0x%02X>", b & 0xff));
      }
      return hex.toString();
    }
  }
}
