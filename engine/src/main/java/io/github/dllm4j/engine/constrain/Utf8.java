package io.github.dllm4j.engine.constrain;

import java.util.function.Consumer;

/**
 * Ranges of code points as sequences of ranges of bytes: every code point of the range is written
 * by exactly one of them, and they write nothing else. (The method of RE2: a range is cut where the
 * number of bytes changes and where a byte but the last would not go through all its values.)
 */
final class Utf8 {
  private static final int[] LAST = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};

  private Utf8() {}

  /**
   * Cuts a range.
   *
   * @param first code point
   * @param last code point, at least the first
   * @param sink called with first and last byte of each place, [2 * bytes]
   */
  static void sequences(int first, int last, Consumer<int[]> sink) {
    for (int limit : LAST) {
      if (first <= limit && last > limit) {
        sequences(first, limit, sink);
        sequences(limit + 1, last, sink);
        return;
      }
    }
    int bytes = length(first);
    for (int place = 1; place < bytes; place++) {
      int low = (1 << (6 * place)) - 1;
      if ((first & ~low) != (last & ~low)) {
        if ((first & low) != 0) {
          sequences(first, first | low, sink);
          sequences((first | low) + 1, last, sink);
          return;
        }
        if ((last & low) != low) {
          sequences(first, (last & ~low) - 1, sink);
          sequences(last & ~low, last, sink);
          return;
        }
      }
    }
    int[] ranges = new int[2 * bytes];
    for (int place = 0; place < bytes; place++) {
      ranges[2 * place] = byteOf(first, place, bytes);
      ranges[2 * place + 1] = byteOf(last, place, bytes);
    }
    sink.accept(ranges);
  }

  private static int length(int codePoint) {
    int bytes = 1;
    while (codePoint > LAST[bytes - 1]) {
      bytes++;
    }
    return bytes;
  }

  private static int byteOf(int codePoint, int place, int bytes) {
    if (bytes == 1) {
      return codePoint;
    }
    int bits = codePoint >>> (6 * (bytes - 1 - place));
    return place == 0 ? ((0xF00 >>> bytes) & 0xFF) | bits : 0x80 | (bits & 0x3F);
  }
}
