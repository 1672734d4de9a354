package io.github.dllm4j.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's printable stand-ins for the 256 bytes: printable Latin-1 characters stand for themselves,
 * the other 68 bytes, in order, for U+0100 and up. Byte-level vocabularies are written in them.
 */
final class ByteAlphabet {

  private static final char[] CHARS = new char[256];
  private static final short[] BYTES = new short[0x144];

  static {
    Arrays.fill(BYTES, (short) -1);
    char next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable =
          (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
      CHARS[b] = printable ? (char) b : next++;
      BYTES[CHARS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The stand-in of a byte, 0..255. */
  static char of(int unsignedByte) {
    return CHARS[unsignedByte];
  }

  /** The byte, 0..255, a character stands for, or -1. */
  static int byteOf(char c) {
    return c < BYTES.length ? BYTES[c] : -1;
  }

  /** The stand-ins of some bytes. */
  static String of(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      text.append(CHARS[b & 0xff]);
    }
    return text.toString();
  }

  /** The bytes a text of stand-ins means, or null if some character is none. */
  static byte @Nullable [] bytes(String standIns) {
    byte[] bytes = new byte[standIns.length()];
    for (int i = 0; i < bytes.length; i++) {
      int b = byteOf(standIns.charAt(i));
      if (b < 0) {
        return null;
      }
      bytes[i] = (byte) b;
    }
    return bytes;
  }
}
