package io.github.dllm4j.corpora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.TokenizerKind;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CorporaTest {

  @TempDir private Path folder;

  private Path write(String name, String text) throws IOException {
    return write(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private Path write(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  private static Corpus open(Path... paths) throws IOException {
    return Corpora.open(List.of(paths), CorpusOptions.DEFAULT);
  }

  private static Corpus input(byte[] bytes, CorpusOptions options) throws IOException {
    return Corpora.open(List.of("-"), options, new ByteArrayInputStream(bytes));
  }

  private static String failure(Corpus corpus) {
    String message = Collected.message(assertThrows(IOException.class, () -> Collected.of(corpus)));
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  @Test
  void theBundledTextIsTheKingJamesBible() throws IOException {
    try (Corpus corpus = Corpora.bundled()) {
      assertEquals(
          new CorpusSummary(
              1,
              4_139_035,
              4_139_035,
              "460e83996f43fb4c3f6767b4be9cb77dc3ac03858a40e9565d52dbfb82248f93"),
          corpus.summary());
      String text = Collected.of(corpus).get(0);
      assertTrue(text.startsWith("In the beginning God created the heaven and the earth.\n"));
      assertEquals(31_102, text.lines().filter(line -> !line.isEmpty()).count());
    }
  }

  @Test
  void foldersAreReadInTheOrderOfTheirPaths() throws IOException {
    write("b.txt", "two");
    write("a/z.md", "one");
    write("c/d/e.TEXT.gz", gzip("three"));
    write("c/f.jsonl", "{\"text\":\"four\"}\n\n{\"text\":\"five\",\"other\":1}\n{\"text\":\"\"}");
    write("g.ndjson.gz", gzip("{\"text\":\"six\"}"));
    write("picture.png", new byte[] {(byte) 0xff});
    write(".hidden.txt", "hidden");
    write(".git/x.txt", "hidden");
    write("empty.txt", "");
    try (Corpus corpus = open(folder)) {
      assertEquals(List.of("one", "two", "three", "four", "five", "six"), Collected.of(corpus));
      assertEquals(6, corpus.summary().documents());
      assertEquals(Collected.of(corpus), Collected.of(corpus));
    }
  }

  @Test
  void sourcesComeInTheGivenOrder() throws IOException {
    String first = write("z.txt", "first").toString();
    String last = write("a.any", "last\r\n").toString();
    try (Corpus corpus =
        Corpora.open(
            List.of(first, "-", last), CorpusOptions.DEFAULT, Collected.stream("middle"))) {
      assertEquals(List.of("first", "middle", "last\r\n"), Collected.of(corpus));
      assertEquals(first + ", -, " + last, corpus.name());
    }
    try (Corpus corpus =
        Corpora.open(List.of("bundled"), CorpusOptions.DEFAULT, InputStream.nullInputStream())) {
      assertEquals(4_139_035, corpus.summary().characters());
    }
  }

  @Test
  void standardInputIsKeptForSeveralPasses() throws IOException {
    Path temporary = Files.createDirectory(folder.resolve("temporary"));
    CorpusOptions options = CorpusOptions.DEFAULT.withTemporaryFolder(temporary);
    String text = "line \uD83D\uDE00\n".repeat(20_000);
    for (byte[] bytes : List.of(text.getBytes(StandardCharsets.UTF_8), gzip(text))) {
      try (Corpus corpus = input(bytes, options)) {
        assertEquals(List.of(text), Collected.of(corpus));
        assertEquals(List.of(text), Collected.of(corpus));
      }
      try (var left = Files.list(temporary)) {
        assertEquals(0, left.count(), "the temporary file is still there");
      }
    }
  }

  @Test
  void standardInputIsJsonLinesIfAFieldIsNamed() throws IOException {
    byte[] json = "{\"body\":\"a\\nb\"}\n{\"body\":\"c\"}".getBytes(StandardCharsets.UTF_8);
    try (Corpus corpus = input(json, CorpusOptions.DEFAULT.withField("body"))) {
      assertEquals(List.of("a\nb", "c"), Collected.of(corpus));
    }
    try (Corpus corpus = input(json, CorpusOptions.DEFAULT)) {
      assertEquals(1, Collected.of(corpus).size());
    }
  }

  @Test
  void aFieldNeedsJsonLines() throws IOException {
    CorpusOptions body = CorpusOptions.DEFAULT.withField("body");
    Path plain = write("plain.txt", "a");
    Path lines = write("lines.ndjson", "{\"body\":\"b\"}");
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Corpora.open(List.of(plain, plain), body));
    assertEquals(
        "field is 'body', but nothing in corpus "
            + plain
            + ", "
            + plain
            + " is JSON lines; allowed with .jsonl and .ndjson files, plain or with .gz, and"
            + " standard input",
        e.getMessage());
    List<String> bundled = List.of("bundled");
    assertThrows(
        IllegalArgumentException.class,
        () -> Corpora.open(bundled, body, InputStream.nullInputStream()));
    try (Corpus corpus = Corpora.open(List.of(plain, lines), body)) {
      assertEquals(List.of("a", "b"), Collected.of(corpus), "one file of several is enough");
    }
    try (Corpus corpus = Corpora.open(List.of(folder), body)) {
      assertEquals(List.of("b", "a"), Collected.of(corpus), "so is one in a folder");
    }
  }

  @Test
  void aByteOrderMarkIsLeftOut() throws IOException {
    write("bom.txt", "\uFEFFa\uFEFFb");
    assertEquals(List.of("a\uFEFFb"), Collected.of(open(folder.resolve("bom.txt"))));
  }

  /** Buffers end in the middle of characters. */
  @ParameterizedTest
  @ValueSource(strings = {"\u00e9", "\u20AC", "\uD83D\uDE00"})
  void charactersAreNeverCut(String character) throws IOException {
    for (int shift = 0; shift < 4; shift++) {
      String text = "x".repeat(shift) + character.repeat(50_000);
      Path file = write("long.txt", text);
      try (Corpus corpus = open(file)) {
        corpus.read(
            new TextSink() {
              @Override
              public void text(String piece) {
                assertTrue(!Character.isLowSurrogate(piece.charAt(0)));
                assertTrue(piece.length() <= 1 << 15);
              }

              @Override
              public void endDocument() {}
            });
        assertEquals(List.of(text), Collected.of(corpus));
        assertEquals(shift + 50_000, corpus.summary().characters());
        assertEquals(Files.size(file), corpus.summary().bytes());
      }
    }
  }

  @Test
  void theHashTellsDocumentsApart() throws IOException {
    String together = Collected.corpus(9, "ab").summary().sha256();
    assertEquals("fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603", together);
    String apart = Collected.corpus(9, "a", "b").summary().sha256();
    assertTrue(!apart.equals(together));
    assertEquals(apart, Collected.corpus(9, "a\0b").summary().sha256());
    assertEquals(
        Collected.corpus(1, "one", "two").summary(), Collected.corpus(2, "one", "two").summary());
  }

  @ParameterizedTest
  @CsvSource({"0", "5", "32767", "32768", "100000"})
  void malformedBytesAreReportedWithTheirPlace(int at) throws IOException {
    byte[] bytes = new byte[at + 10];
    Arrays.fill(bytes, (byte) '\n');
    bytes[at] = (byte) 0xff;
    Path file = write("bad.txt", bytes);
    assertEquals(
        file + ": byte " + at + " (line " + (at + 1) + ") 0xFF is not UTF-8; is it a binary file?",
        failure(open(file)));
  }

  @Test
  void otherBadBytesAreReportedToo() throws IOException {
    Path cut = write("cut.txt", new byte[] {'a', (byte) 0xE2, (byte) 0x82});
    assertEquals(
        cut + ": byte 1 (line 1) 0xE2 is not UTF-8; is it a binary file?", failure(open(cut)));
    Path surrogate = write("s.txt", new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80});
    assertTrue(failure(open(surrogate)).contains("byte 0 (line 1) 0xED is not UTF-8"));
    Path nul = write("nul.txt", "a\nb\0");
    assertEquals(nul + ": line 2 holds a NUL byte; is it a binary file?", failure(open(nul)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"text\":1}                  | has a field 'text' that is not text",
        "{\"text\":null}               | has a field 'text' that is not text",
        "{\"body\":\"x\"}              | has no field 'text'",
        "[1]                           | is not a JSON object",
        "{\"text\":\"a\"} x            | is not valid JSON: ",
        "{\"text\":\"a                 | is not valid JSON: ",
        "{\"text\":[                   | is not valid JSON: ",
        "{\"text\":\"a\",\"text\":\"\"}| is not valid JSON: ",
        "{\"text\":\"\\u0000\"}        | holds a NUL character",
        "{\"text\":\"\\ud800\"}        | holds a lone surrogate"
      })
  void badJsonLinesAreReportedWithTheirNumber(String line, String why) throws IOException {
    Path file = write("x.jsonl", "{\"text\":\"fine\"}\n\n" + line + "\n");
    String message = failure(open(file));
    assertTrue(message.startsWith(file + ": line 3 " + why), message);
    assertFalse(message.contains("Source"), message);
  }

  @Test
  void giantJsonLinesAreRefused() throws IOException {
    Path file = write("x.jsonl", "{\"text\":\"" + "x".repeat(JsonLines.MAX_LINE) + "\"}");
    assertEquals(file + ": line 1 is too long; allowed: 16777216 characters", failure(open(file)));
  }

  @Test
  void emptyCorporaAreRefused() throws IOException {
    Path empty = write("empty.txt", "");
    assertEquals("corpus " + empty + " is empty", failure(open(empty)));
    Path signs = write("signs.txt", "...\n!");
    assertEquals(
        "corpus " + signs + " (text8) is empty",
        failure(Corpora.open(List.of(signs), CorpusOptions.DEFAULT.withText8(true))));
    try (Corpus corpus = input(new byte[0], CorpusOptions.DEFAULT)) {
      assertEquals("corpus - is empty", failure(corpus));
      assertThrows(IOException.class, corpus::summary);
    }
  }

  @Test
  void missingSourcesAreRefused() throws IOException {
    Path missing = folder.resolve("missing.txt");
    IOException e = assertThrows(IOException.class, () -> open(missing));
    assertEquals("corpus " + missing + " does not exist", e.getMessage());
    write("picture.png", "x");
    e = assertThrows(IOException.class, () -> open(folder));
    assertEquals(
        "corpus folder "
            + folder
            + " holds no text files; allowed: .txt, .text, .md, .jsonl, .ndjson, plain or with .gz",
        e.getMessage());
    Path gone = write("gone.txt", "x");
    Corpus corpus = open(gone);
    Files.delete(gone);
    assertTrue(failure(corpus).startsWith("corpus file " + gone + " cannot be read: "));
    assertThrows(IllegalArgumentException.class, () -> open());
    List<String> twice = List.of("-", "-");
    assertThrows(
        IllegalArgumentException.class,
        () -> Corpora.open(twice, CorpusOptions.DEFAULT, Collected.stream("x")));
    List<String> odd = List.of("a\0b");
    assertThrows(
        IOException.class, () -> Corpora.open(odd, CorpusOptions.DEFAULT, Collected.stream("x")));
    assertThrows(IllegalArgumentException.class, () -> CorpusOptions.DEFAULT.withField(""));
  }

  @Test
  void damagedGzipIsRefused() throws IOException {
    byte[] whole = gzip("text ".repeat(1000));
    for (byte[] bytes :
        List.of(
            new byte[0], "plain text".getBytes(StandardCharsets.UTF_8), Arrays.copyOf(whole, 30))) {
      Path file = write("x.txt.gz", bytes);
      String message = failure(open(file));
      assertTrue(message.startsWith(file + ": damaged or incomplete gzip data: "), message);
    }
    byte[] cut = Arrays.copyOf(whole, 30);
    IOException e = assertThrows(IOException.class, () -> input(cut, CorpusOptions.DEFAULT));
    assertTrue(Collected.message(e).startsWith("standard input: damaged"), e.toString());
  }

  @Test
  void anUnusableTemporaryFolderIsReported() throws IOException {
    Path file = write("file", "x");
    CorpusOptions options = CorpusOptions.DEFAULT.withTemporaryFolder(file);
    IOException e = assertThrows(IOException.class, () -> input(new byte[] {'a'}, options));
    assertTrue(Collected.message(e).startsWith("cannot write a temporary file in " + file + ": "));
    assertEquals(1, Collected.message(e).lines().count());
  }

  @ParameterizedTest
  @CsvSource({"BPE,300", "CHAR,20", "BYTE,258"})
  void tokenizersAreTrainedOnAllOfIt(TokenizerKind kind, int size) throws IOException {
    String[] documents = {"the cat and the dog", "\uD83D\uDE00 the end the"};
    try (Tokenizer tokenizer =
        Corpora.train(Collected.corpus(3, documents), Tokenizers.trainer(kind, size))) {
      assertEquals(kind, tokenizer.kind());
      for (String document : documents) {
        assertEquals(document, tokenizer.decode(tokenizer.encode(document)));
      }
    }
  }
}
