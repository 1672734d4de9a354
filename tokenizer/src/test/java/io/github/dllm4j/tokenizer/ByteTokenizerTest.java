package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ByteTokenizerTest extends TokenizerContractTest {

  @Override
  Tokenizer make() {
    return Tokenizers.bytes();
  }

  @Override
  TokenizerKind kind() {
    return TokenizerKind.BYTE;
  }

  @Test
  void idsAreTheBytes() {
    try (Tokenizer tokenizer = make()) {
      assertEquals(258, tokenizer.vocabulary().size());
      byte[] utf8 = "a\u00e9\uD83D\uDE00".getBytes(StandardCharsets.UTF_8);
      int[] tokens = tokenizer.encode("a\u00e9\uD83D\uDE00");
      assertEquals(utf8.length, tokens.length);
      for (int i = 0; i < tokens.length; i++) {
        assertEquals(utf8[i] & 0xff, tokens[i]);
      }
    }
  }

  @Test
  void halfACharacterIsAReplacementCharacter() {
    try (Tokenizer tokenizer = make()) {
      assertEquals("a\uFFFD", tokenizer.decode(new int[] {'a', 0xC3}));
      assertEquals("<0xC3>", tokenizer.token(0xC3));
      assertEquals("a", tokenizer.token('a'));
      assertArrayEquals(new int[] {10}, tokenizer.encode("\n"));
    }
  }
}
