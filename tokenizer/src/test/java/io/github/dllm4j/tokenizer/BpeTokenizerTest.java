package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTokenizerTest extends TokenizerContractTest {

  @Override
  Tokenizer make() {
    TokenizerTrainer trainer = Tokenizers.trainer(TokenizerKind.BPE, 600);
    trainer.add(Texts.genesis());
    return trainer.train();
  }

  @Override
  TokenizerKind kind() {
    return TokenizerKind.BPE;
  }

  @Test
  void tokensAreFrequentWords() {
    try (Tokenizer tokenizer = make()) {
      assertEquals(600, tokenizer.vocabulary().size());
      int[] tokens = tokenizer.encode("And God said");
      assertEquals(3, tokens.length);
      assertEquals(" God", tokenizer.token(tokens[1]));
      assertEquals("<0xF0>", tokenizer.token(tokenizer.encode("\uD83D\uDE00")[0]));
    }
  }

  /** The encoding is the one the merges define: lowest rank first, within each pre-token. */
  @Test
  void encodesAsThePlainAlgorithmDoes() throws IOException {
    try (Tokenizer tokenizer = make()) {
      PlainBpe plain = PlainBpe.train(Texts.genesis(), 600 - 258);
      for (String text : Texts.hostile()) {
        if (text.length() < 4000) {
          assertArrayEquals(plain.encode(text), tokenizer.encode(text), text);
        }
      }
      String genesis = Texts.genesis();
      assertArrayEquals(plain.encode(genesis), tokenizer.encode(genesis));
    }
  }

  /** The byte tokenizer's file through the native library. */
  @Test
  void theNativeLibraryReadsTheByteFileTheSameWay(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    try (Tokenizer bytes = Tokenizers.bytes()) {
      bytes.save(file);
      TokenizerFile parsed =
          new TokenizerFile("test", Files.readAllBytes(file), SpecialIds.FROM_FILE);
      try (Tokenizer foreign = new HuggingFaceFileTokenizer(parsed, new FileShape(parsed))) {
        for (String text : Texts.hostile()) {
          assertArrayEquals(bytes.encode(text), foreign.encode(text), text);
        }
      }
    }
  }

  @Test
  void theFileSaysWhatWeThinkItSays(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    try (Tokenizer tokenizer = make()) {
      tokenizer.save(file);
    }
    String json = Files.readString(file, StandardCharsets.UTF_8);
    assertTrue(json.contains("\"type\":\"BPE\"") && json.contains("\"\u0120th e\""), json);
    assertTrue(json.contains("{\"id\":599,\"content\":\"<|mask|>\""));
  }
}
