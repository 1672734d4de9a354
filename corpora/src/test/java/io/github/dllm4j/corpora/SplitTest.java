package io.github.dllm4j.corpora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitTest {

  @Test
  void theKingJamesTextIsCutAt95Percent() throws IOException {
    try (Corpus corpus = Corpora.bundled()) {
      Split split = Split.of(corpus, Split.DEFAULT_FRACTION);
      String text = Collected.of(corpus).get(0);
      assertEquals(List.of(text.substring(0, 3_932_083)), Collected.of(split.train()));
      assertEquals(List.of(text.substring(3_932_083)), Collected.of(split.validation()));
      assertEquals(206_952, split.validation().summary().characters());
      assertEquals("bundled [validation]", split.validation().name());
      split.train().close();
      assertEquals(3_932_083, split.train().summary().characters(), "a view stays usable");
    }
  }

  /** floor((1 - fraction) n) on paper, also where binary fractions miss it. */
  @ParameterizedTest
  @CsvSource({"20,0.05,19", "10,0.1,9", "100,0.42,58", "7,0.5,3", "1000,0.001,999", "3,0.05,2"})
  void theCutIsExact(int characters, double fraction, int cut) throws IOException {
    String text = "\uD83D\uDE00".repeat(characters);
    Split split = Split.of(Collected.corpus(3, text), fraction);
    assertEquals(List.of(text.substring(0, 2 * cut)), Collected.of(split.train()));
    assertEquals(List.of(text.substring(2 * cut)), Collected.of(split.validation()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 100})
  void documentsMayBeCut(int piece) throws IOException {
    Corpus corpus = Collected.corpus(piece, "abcd", "efgh", "ijkl");
    Split half = Split.of(corpus, 0.5);
    assertEquals(List.of("abcd", "ef"), Collected.of(half.train()));
    assertEquals(List.of("gh", "ijkl"), Collected.of(half.validation()));
    Split between = Split.of(Collected.corpus(piece, "abcd", "efgh", "ijkl", "mnop"), 0.75);
    assertEquals(List.of("abcd"), Collected.of(between.train()));
    assertEquals(List.of("efgh", "ijkl", "mnop"), Collected.of(between.validation()));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, -0.1, 1.5, Double.NaN})
  void badFractionsAreRefused(double fraction) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> Split.of(Collected.corpus(1, "abc"), fraction));
    assertEquals(
        "validation fraction is " + fraction + "; allowed: above 0, below 1", e.getMessage());
  }

  @Test
  void tooSmallACorpusIsRefused() {
    IOException e = assertThrows(IOException.class, () -> Split.of(Collected.corpus(1, "a"), 0.05));
    assertEquals(
        "corpus memory has 1 characters, too few to hold out 0.05 of them", e.getMessage());
  }

  @Test
  void aCorpusThatChangesIsNoticed(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("x.txt"), "abcdefghij");
    try (Corpus corpus = Corpora.open(List.of(file), CorpusOptions.DEFAULT)) {
      Split split = Split.of(corpus, 0.2);
      Files.writeString(file, "abc");
      IOException e = assertThrows(IOException.class, () -> Collected.of(split.train()));
      assertTrue(Collected.message(e).endsWith("it had 10 characters, now 3"), e.toString());
    }
  }

  @Test
  void impossibleSummariesAreRefused() {
    String hash = "0".repeat(64);
    assertThrows(IllegalArgumentException.class, () -> new CorpusSummary(0, 1, 1, hash));
    assertThrows(IllegalArgumentException.class, () -> new CorpusSummary(2, 1, 1, hash));
    assertThrows(IllegalArgumentException.class, () -> new CorpusSummary(1, 2, 1, hash));
    assertThrows(IllegalArgumentException.class, () -> new CorpusSummary(1, 1, 1, "x"));
  }
}
