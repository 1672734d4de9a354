package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every tokenizer made by this project must do; a subclass only makes one. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class TokenizerContractTest {

  private Tokenizer tokenizer;

  /** A tokenizer that can encode all of {@link Texts#all()}. */
  abstract Tokenizer make() throws IOException;

  /** Its kind. */
  abstract TokenizerKind kind();

  @BeforeAll
  void makeTokenizer() throws IOException {
    tokenizer = make();
  }

  @AfterAll
  void closeTokenizer() {
    tokenizer.close();
  }

  static Stream<String> texts() {
    return Stream.concat(
        Stream.concat(Texts.hostile().stream(), Stream.of(Texts.genesis())), Texts.random(1, 200));
  }

  @ParameterizedTest
  @MethodSource("texts")
  void roundTripIsExactAndIdsAreClean(String text) {
    int[] tokens = tokenizer.encode(text);
    assertEquals(text, tokenizer.decode(tokens));
    assertEquals(text.isEmpty(), tokens.length == 0);
    for (int id : tokens) {
      assertTrue(id >= 0 && id < tokenizer.vocabulary().size());
      assertFalse(tokenizer.vocabulary().isSpecial(id), "special id " + id + " from text");
    }
  }

  @Test
  void cutTextsGiveTheTokensOfTheWhole() {
    List<String> texts = texts().filter(text -> text.length() < 5000).toList();
    int cuts = 0;
    for (int i = 0; i < texts.size(); i++) {
      String whole = texts.get(i) + texts.get((i * 7 + 3) % texts.size());
      int end = texts.get(i).length();
      int cut = tokenizer.lastCut(whole.substring(0, end));
      assertTrue(cut >= 0 && cut <= end);
      int[] first = tokenizer.encode(whole.substring(0, cut));
      int[] second = tokenizer.encode(whole.substring(cut));
      int[] joined = IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
      assertArrayEquals(tokenizer.encode(whole), joined, whole);
      cuts += cut > 0 ? 1 : 0;
    }
    assertTrue(cuts > texts.size() / 2, "only " + cuts + " of " + texts.size() + " texts were cut");
  }

  @Test
  void nothingIsCutOff() {
    String text = Texts.genesis().repeat(15);
    int[] tokens = tokenizer.encode(text);
    assertTrue(tokens.length > 100_000, "only " + tokens.length + " tokens");
    assertEquals(text, tokenizer.decode(tokens));
  }

  @Test
  void oneWordOfAMegabyte() {
    String text = "abcdefgh".repeat(1 << 17);
    assertEquals(text, tokenizer.decode(tokenizer.encode(text)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\uD800", "a\uDC00", "ab\uD83Dc", "\uDC00\uD800"})
  void loneSurrogatesAreRefused(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> tokenizer.encode(text));
    assertTrue(Texts.message(e).contains("lone surrogate U+D"), Texts.message(e));
    assertEquals(1, Texts.message(e).lines().count());
  }

  @Test
  void maskIsTheLastIdAndEndTheOneBefore() {
    Vocabulary vocabulary = tokenizer.vocabulary();
    assertEquals(vocabulary.size() - 1, vocabulary.mask().orElseThrow());
    assertEquals(vocabulary.size() - 2, vocabulary.end().orElseThrow());
    assertTrue(vocabulary.pad().isEmpty() && vocabulary.begin().isEmpty());
    assertEquals("<|mask|>", tokenizer.token(vocabulary.size() - 1));
    assertEquals("<|end|>", tokenizer.token(vocabulary.size() - 2));
  }

  @Test
  void specialTokensDecodeToNothing() {
    int[] tokens = tokenizer.encode("God said");
    int[] mixed = new int[tokens.length * 2 + 1];
    Arrays.fill(mixed, tokenizer.vocabulary().mask().orElseThrow());
    mixed[0] = tokenizer.vocabulary().end().orElseThrow();
    for (int i = 0; i < tokens.length; i++) {
      mixed[2 * i + 1] = tokens[i];
    }
    assertEquals("God said", tokenizer.decode(mixed));
    assertEquals("", tokenizer.decode(new int[] {mixed[0]}));
  }

  @Test
  void everyIdCanBeShownAndOthersAreRefused() {
    int size = tokenizer.vocabulary().size();
    for (int id = 0; id < size; id++) {
      assertFalse(tokenizer.token(id).isEmpty());
    }
    for (int id : new int[] {-1, size, Integer.MAX_VALUE}) {
      for (IllegalArgumentException e :
          List.of(
              assertThrows(IllegalArgumentException.class, () -> tokenizer.token(id)),
              assertThrows(
                  IllegalArgumentException.class, () -> tokenizer.decode(new int[] {0, id})))) {
        assertTrue(Texts.message(e).contains(" is " + id + "; allowed: 0.." + (size - 1)));
      }
    }
  }

  /** Every id, alone and in a row with all others, is what its bytes say. */
  @Test
  void tokensAreTheirBytes() {
    Vocabulary vocabulary = tokenizer.vocabulary();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int id = 0; id < vocabulary.size(); id++) {
      byte[] bytes = tokenizer.bytes(id);
      assertEquals(vocabulary.isSpecial(id), bytes.length == 0, tokenizer.token(id));
      assertEquals(
          new String(bytes, StandardCharsets.UTF_8), tokenizer.decode(new int[] {id}), "id " + id);
      all.writeBytes(bytes);
    }
    int[] ids = IntStream.range(0, vocabulary.size()).toArray();
    assertEquals(all.toString(StandardCharsets.UTF_8), tokenizer.decode(ids));
    texts()
        .forEach(
            text -> {
              ByteArrayOutputStream utf8 = new ByteArrayOutputStream();
              Arrays.stream(tokenizer.encode(text))
                  .forEach(id -> utf8.writeBytes(tokenizer.bytes(id)));
              assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), utf8.toByteArray());
            });
    assertThrows(IllegalArgumentException.class, () -> tokenizer.bytes(vocabulary.size()));
  }

  @Test
  void savedAndLoadedAgainItIsTheSame(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, "old");
    tokenizer.save(file);
    try (Tokenizer again = Tokenizers.load(file);
        Tokenizer streamed = Tokenizers.load(new ByteArrayInputStream(Files.readAllBytes(file)))) {
      for (Tokenizer loaded : List.of(again, streamed)) {
        assertEquals(kind(), loaded.kind());
        assertEquals(tokenizer.sha256(), loaded.sha256());
        assertEquals(tokenizer.vocabulary(), loaded.vocabulary());
        assertArrayEquals(tokenizer.encode(Texts.all()), loaded.encode(Texts.all()));
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count(), "a temporary file stayed behind");
    }
  }

  /** As whoever trains with it must be able to read it. */
  @Test
  void itIsReadableLikeAnyNewFile(@TempDir Path folder) throws IOException {
    assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"));
    Path plain = Files.createFile(folder.resolve("plain"));
    Path file = folder.resolve("tokenizer.json");
    tokenizer.save(file);
    assertEquals(Files.getPosixFilePermissions(plain), Files.getPosixFilePermissions(file));
  }

  @Test
  void aNameThatCannotBeLeavesNothing(@TempDir Path folder) throws IOException {
    Path target = folder.resolve("x".repeat(300));
    IOException e = assertThrows(AtomicFiles.WriteException.class, () -> tokenizer.save(target));
    assertTrue(Texts.message(e).startsWith("cannot write " + target + ": "), Texts.message(e));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void savingNowhereIsAClearError(@TempDir Path folder) {
    for (Path target : List.of(folder, folder.resolve("no/such/file.json"))) {
      IOException e = assertThrows(AtomicFiles.WriteException.class, () -> tokenizer.save(target));
      assertTrue(Texts.message(e).startsWith("cannot write " + target + ": "), Texts.message(e));
    }
  }

  @Test
  void manyThreadsMayUseIt() throws Exception {
    List<String> texts = texts().limit(60).toList();
    List<int[]> expected = texts.stream().map(tokenizer::encode).toList();
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      List<Future<int[]>> results = new ArrayList<>();
      for (int round = 0; round < 5; round++) {
        texts.forEach(text -> results.add(pool.submit(() -> tokenizer.encode(text))));
      }
      for (int i = 0; i < results.size(); i++) {
        assertArrayEquals(expected.get(i % texts.size()), results.get(i).get());
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void closedItRefusesToWork() throws IOException {
    Tokenizer other = make();
    assertEquals("a", other.decode(other.encode("a")));
    other.close();
    other.close();
    assertThrows(IllegalStateException.class, () -> other.encode("a"));
    assertThrows(IllegalStateException.class, () -> other.decode(new int[] {0}));
  }
}
