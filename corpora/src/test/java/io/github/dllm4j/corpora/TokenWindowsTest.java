package io.github.dllm4j.corpora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.corpora.TokenWindows.Window;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every token is new once, and has its own document before it. */
class TokenWindowsTest {

  private static TokenFile tokens(Tokenizer tokenizer, String... documents) throws IOException {
    return TokenFile.of(Collected.corpus(2, documents), tokenizer);
  }

  @Test
  void byHand() throws IOException {
    // a b c d e f g h END x y; bytes, END = 256
    try (Tokenizer bytes = Tokenizers.bytes();
        TokenFile tokens = tokens(bytes, "abcdefgh", "xy")) {
      TokenWindows windows = new TokenWindows(tokens, 5, 3);
      assertEquals(4, windows.count());
      assertEquals(new Window(0, 0, 5), windows.window(0)); // abcde
      assertEquals(new Window(3, 2, 5), windows.window(1)); // (de) fgh
      assertEquals(new Window(6, 2, 3), windows.window(2)); // (gh) END
      assertEquals(new Window(9, 0, 2), windows.window(3)); // xy
      assertArrayEquals(new int[] {'g', 'h', 256}, windows.read(windows.window(2)));
      assertThrows(IllegalArgumentException.class, () -> windows.window(4));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "7, 1", "7, 3", "7, 7", "50, 10", "400, 100"})
  void everyTokenIsNewOnce(int length, int stride) throws IOException {
    String[] documents = {"0123456789".repeat(10), "x", "the end", "0123456".repeat(2), "y"};
    try (Tokenizer bytes = Tokenizers.bytes();
        TokenFile tokens = tokens(bytes, documents)) {
      TokenWindows windows = new TokenWindows(tokens, length, stride);
      long next = 0;
      int document = 0;
      for (long w = 0; w < windows.count(); w++) {
        Window window = windows.window(w);
        assertEquals(next, window.from() + window.given(), "new tokens follow each other");
        next = window.from() + window.length();
        assertTrue(window.length() <= length && window.given() < window.length());
        while (tokens.documentEnd(document) < next) {
          document++;
        }
        assertTrue(window.from() >= tokens.documentStart(document), "one document: " + window);
        boolean begins = window.from() == tokens.documentStart(document) && window.given() == 0;
        assertEquals(begins ? 0 : length - stride, window.given());
      }
      assertEquals(tokens.size(), next);
      assertEquals(5, tokens.documents());
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "3, 0", "3, 4"})
  void badSizesAreRefused(int length, int stride) throws IOException {
    try (Tokenizer bytes = Tokenizers.bytes();
        TokenFile tokens = tokens(bytes, "abc")) {
      assertThrows(IllegalArgumentException.class, () -> new TokenWindows(tokens, length, stride));
    }
  }
}
