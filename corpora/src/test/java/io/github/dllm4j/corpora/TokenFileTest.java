package io.github.dllm4j.corpora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.tokenizer.SpecialIds;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenFileTest {

  @TempDir private Path folder;

  private static int[] all(TokenFile tokens) {
    int[] all = new int[Math.toIntExact(tokens.size())];
    tokens.read(0, all);
    return all;
  }

  private long filesLeft() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }

  /** A file with 70,000 ids, so that each takes four bytes. */
  private Tokenizer wide() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    try (Tokenizer bytes = Tokenizers.bytes()) {
      bytes.save(file);
    }
    Tokenizer wide = Tokenizers.load(file, SpecialIds.FROM_FILE.withMask(69_999).withEnd(69_998));
    Files.delete(file);
    return wide;
  }

  @ParameterizedTest
  @EnumSource(
      value = TokenizerKind.class,
      names = {"BPE", "CHAR", "BYTE"})
  void theKingJamesTextComesOutAsInOneGo(TokenizerKind kind) throws IOException {
    try (Corpus corpus = Corpora.bundled();
        Tokenizer tokenizer =
            Corpora.train(
                corpus,
                kind == TokenizerKind.BPE
                    ? Tokenizers.trainer(kind, 1024)
                    : Tokenizers.trainer(kind));
        TokenFile tokens = TokenFile.of(corpus, tokenizer, folder)) {
      String text = Collected.of(corpus).get(0);
      int[] whole = tokenizer.encode(text);
      assertArrayEquals(whole, all(tokens));
      assertEquals(text, tokenizer.decode(whole));
      assertEquals(4_139_035, tokens.characters());
      assertEquals(1, tokens.documents());
      assertEquals(4_139_035.0 / whole.length, tokens.charactersPerToken());
    }
  }

  @Test
  void documentsAreSeparatedByTheEndToken() throws IOException {
    try (Tokenizer tokenizer = Tokenizers.bytes();
        TokenFile tokens = TokenFile.of(Collected.corpus(2, "abc", "d", "ef"), tokenizer, folder)) {
      assertArrayEquals(new int[] {'a', 'b', 'c', 256, 'd', 256, 'e', 'f'}, all(tokens));
      assertEquals(6, tokens.characters());
      assertEquals(3, tokens.documents());
    }
    try (Tokenizer tokenizer = Tokenizers.bytes();
        TokenFile tokens = TokenFile.of(Collected.corpus(2, "abc"), tokenizer)) {
      assertEquals(3, tokens.size());
    }
  }

  /** Pieces of 64 bytes stand in for those of 1 GiB. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tokensAreReadAcrossMappedPieces(boolean fourBytes) throws IOException {
    String text = "0123456789".repeat(40);
    try (Tokenizer tokenizer = fourBytes ? wide() : Tokenizers.bytes();
        TokenFile tokens =
            TokenFile.of(Collected.corpus(7, text, "x"), tokenizer, Optional.of(folder), 64)) {
      assertEquals(402, tokens.size());
      int[] whole = all(tokens);
      assertEquals(fourBytes ? 69_998 : 256, whole[400]);
      for (int offset = 0; offset < 400; offset += 13) {
        int[] some = new int[Math.min(100, 402 - offset)];
        tokens.read(offset, some);
        for (int i = 0; i < some.length; i++) {
          assertEquals(whole[offset + i], some[i]);
          assertEquals(offset + i < 400 ? '0' + (offset + i) % 10 : whole[offset + i], some[i]);
        }
      }
    }
  }

  @Test
  void badOffsetsAreRefused() throws IOException {
    try (Tokenizer tokenizer = Tokenizers.bytes();
        TokenFile tokens = TokenFile.of(Collected.corpus(2, "abc"), tokenizer, folder)) {
      for (long offset : new long[] {-1, 2, Long.MAX_VALUE, Long.MIN_VALUE}) {
        IllegalArgumentException e =
            assertThrows(IllegalArgumentException.class, () -> tokens.read(offset, new int[2]));
        assertEquals("offset is " + offset + " for 2 tokens; allowed: 0..1", e.getMessage());
      }
      assertThrows(IllegalArgumentException.class, () -> tokens.read(0, new int[4]));
    }
  }

  @Test
  void nothingStaysBehind() throws IOException {
    try (Tokenizer tokenizer = Tokenizers.bytes()) {
      TokenFile tokens = TokenFile.of(Collected.corpus(2, "abc"), tokenizer, folder);
      tokens.close();
      tokens.close();
      assertThrows(IllegalStateException.class, () -> tokens.read(0, new int[1]));
    }
    try (Tokenizer letters = Tokenizers.character(Stream.of("ab"))) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> TokenFile.of(Collected.corpus(2, "abc"), letters, folder));
      assertTrue(Collected.message(e).startsWith("character 'c' (U+0063)"), e.toString());
    }
    assertEquals(0, filesLeft());
  }

  @Test
  void anUnusableFolderIsReported() throws IOException {
    Path none = folder.resolve("none");
    try (Tokenizer tokenizer = Tokenizers.bytes()) {
      IOException e =
          assertThrows(
              IOException.class, () -> TokenFile.of(Collected.corpus(2, "abc"), tokenizer, none));
      assertTrue(
          Collected.message(e).startsWith("cannot write a temporary file in " + none + ": "));
    }
  }

  @Test
  void aFullDiskIsReported() {
    WritableByteChannel full =
        new WritableByteChannel() {
          @Override
          public int write(ByteBuffer bytes) throws IOException {
            throw new IOException("No space left on device");
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    String expected =
        "cannot write a temporary file in "
            + folder
            + ": java.io.IOException: No space left on device";
    TokenWriter writer = new TokenWriter(full, Optional.of(folder), false);
    IOException e =
        assertThrows(
            IOException.class,
            () -> {
              for (int i = 0; i < 100_000; i++) {
                writer.write(i % 100);
              }
            });
    assertEquals(expected, e.getMessage());
    e =
        assertThrows(
            IOException.class,
            () -> Spool.copy(Collected.stream("abc"), full, Optional.of(folder)));
    assertEquals(expected, e.getMessage());
  }

  @Test
  void blocksCoverTheTokens() throws IOException {
    try (Tokenizer tokenizer = Tokenizers.bytes();
        TokenFile tokens = TokenFile.of(Collected.corpus(2, "abcdefgh"), tokenizer, folder)) {
      List<String> blocks = new ArrayList<>();
      new TokenBlocks(tokens, 3, true).forEach(block -> blocks.add(tokenizer.decode(block)));
      assertEquals(List.of("abc", "def", "gh"), blocks);
      TokenBlocks whole = new TokenBlocks(tokens, 3, false);
      assertEquals(2, whole.count());
      assertEquals(2, new TokenBlocks(tokens, 4, true).count());
      assertEquals("def", tokenizer.decode(whole.block(1)));
      assertThrows(IllegalArgumentException.class, () -> whole.block(2));
      assertThrows(IllegalArgumentException.class, () -> whole.block(-1));
      assertThrows(IllegalArgumentException.class, () -> new TokenBlocks(tokens, 0, true));
      var iterator = new TokenBlocks(tokens, 9, false).iterator();
      assertFalse(iterator.hasNext());
      assertThrows(NoSuchElementException.class, iterator::next);
    }
  }

  /** The same text in other pieces, with and without anything to cut at. */
  @ParameterizedTest
  @ValueSource(ints = {1000, 70_000, 1_000_000})
  void piecesMakeNoDifference(int piece) throws IOException {
    String text =
        "the \uD83D\uDE00 ".repeat(40_000) + "x\uD83D\uDE00".repeat(50_000) + " end".repeat(9);
    try (Tokenizer tokenizer =
            Corpora.train(Collected.corpus(99, text), Tokenizers.trainer(TokenizerKind.BPE, 300));
        TokenFile tokens = TokenFile.of(Collected.corpus(piece, text), tokenizer, folder)) {
      assertArrayEquals(tokenizer.encode(text), all(tokens));
    }
  }

  /** One word of 1.5 million chars has to be cut somewhere; the text must survive. */
  @ParameterizedTest
  @ValueSource(strings = {"x\uD83D\uDE00y", "abcdefg", "word\t"})
  void giantWordsAreCutAndKeepTheirText(String unit) throws IOException {
    String text = unit.repeat(1_500_000 / unit.length());
    try (Tokenizer tokenizer =
            Corpora.train(
                Collected.corpus(99, text.substring(0, 70_000)),
                Tokenizers.trainer(TokenizerKind.BPE, 300));
        TokenFile tokens = TokenFile.of(Collected.corpus(32_000, text), tokenizer, folder)) {
      assertEquals(text, tokenizer.decode(all(tokens)));
      assertEquals(text.codePointCount(0, text.length()), tokens.characters());
      long extra = tokens.size() - tokenizer.encode(text).length;
      assertTrue(extra <= 4, extra + " tokens more than in one go");
    }
  }

  @Test
  void tokensOfTheSplitAreTheTokensOfItsText() throws IOException {
    try (Corpus corpus = Corpora.bundled();
        Tokenizer tokenizer = Tokenizers.bytes()) {
      Split split = Split.of(corpus, 0.05);
      try (TokenFile train = TokenFile.of(split.train(), tokenizer, folder);
          TokenFile validation = TokenFile.of(split.validation(), tokenizer, folder)) {
        assertEquals(3_932_083, train.size());
        assertEquals(206_952, validation.size());
        String text = Collected.of(corpus).get(0);
        int[] joined =
            IntStream.concat(IntStream.of(all(train)), IntStream.of(all(validation))).toArray();
        assertEquals(text, tokenizer.decode(joined));
      }
    }
  }
}
