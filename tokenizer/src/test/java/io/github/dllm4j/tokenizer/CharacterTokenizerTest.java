package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CharacterTokenizerTest extends TokenizerContractTest {

  @Override
  Tokenizer make() {
    return Tokenizers.character(Stream.of(Texts.all()));
  }

  @Override
  TokenizerKind kind() {
    return TokenizerKind.CHAR;
  }

  @Test
  void idsFollowTheCodePoints() {
    try (Tokenizer tokenizer = Tokenizers.character(Stream.of("ba", "\uD83D\uDE00c"))) {
      assertArrayEquals(new int[] {3, 0, 1, 2}, tokenizer.encode("\uD83D\uDE00abc"));
      assertEquals(6, tokenizer.vocabulary().size());
      assertEquals("b", tokenizer.token(1));
    }
  }

  @Test
  void anUnknownCharacterIsNamed() {
    try (Tokenizer tokenizer = Tokenizers.character(Stream.of("abc \uD83D\uDE00"))) {
      assertEquals(
          "character '\u00e9' (U+00E9) at position 2 is not in the vocabulary;"
              + " allowed: its 5 characters",
          assertThrows(
                  IllegalArgumentException.class, () -> tokenizer.encode("\uD83D\uDE00a\u00e9"))
              .getMessage());
      assertEquals(
          "character U+000A at position 0 is not in the vocabulary; allowed: its 5 characters",
          assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("\n")).getMessage());
    }
  }

  /** Without merges, pre-tokenizer and unknown token, the native library does the same. */
  @Test
  void theNativeLibraryReadsTheFileTheSameWay(@TempDir Path folder) throws IOException {
    String text = Texts.genesis() + " \uD83D\uDE00\u00e9\u0000\r\n";
    Path file = folder.resolve("tokenizer.json");
    try (Tokenizer tokenizer = Tokenizers.character(Stream.of(text))) {
      tokenizer.save(file);
      TokenizerFile parsed =
          new TokenizerFile("test", Files.readAllBytes(file), SpecialIds.FROM_FILE);
      try (Tokenizer foreign = new HuggingFaceFileTokenizer(parsed, new FileShape(parsed))) {
        assertArrayEquals(tokenizer.encode(text), foreign.encode(text));
        assertEquals(text, foreign.decode(tokenizer.encode(text)));
      }
    }
  }
}
