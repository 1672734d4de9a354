package io.github.dllm4j.corpora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Text8Test {

  private static String normalise(String text, int piece) throws IOException {
    Collected collected = new Collected();
    StringBuilder all = new StringBuilder();
    Text8 text8 =
        new Text8(
            new TextSink() {
              @Override
              public void text(String next) {
                all.append(next);
              }

              @Override
              public void endDocument() {
                collected.endDocument();
              }
            });
    Collected.corpus(piece, text).read(text8);
    return all.toString();
  }

  /** Worked out by hand from the script: s/0/ zero /g and so on, then tr/a-z/ /cs, then chop. */
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "'Anarchism, originated!', anarchism originated",
        "In 1789 we,' in one seven eight nine we'",
        "a1b, a one b",
        "0, zero",
        "007., zero zero seven",
        "don't,' don t'",
        "  x  , x",
        "caf\u00e9 \u00dcber, caf ber",
        "A\u212AB\uD83D\uDE00c, a b c",
        "tab\tand-dash, tab and dash",
        "Z, z"
      })
  void rules(String text, String expected) throws IOException {
    String wanted = expected.startsWith(" ") ? expected : " " + expected;
    for (int piece = 1; piece < 5; piece++) {
      assertEquals(wanted, normalise(text, piece));
    }
  }

  @Test
  void linesJoinAndDocumentsStartAnew(@TempDir Path folder) throws IOException {
    Files.writeString(folder.resolve("a.txt"), "One\n\nTwo\n");
    Files.writeString(folder.resolve("b.txt"), "...");
    Files.writeString(folder.resolve("c.txt"), "x 2");
    try (Corpus corpus = Corpora.open(List.of(folder), CorpusOptions.DEFAULT.withText8(true))) {
      assertEquals(List.of(" one two", " x two"), Collected.of(corpus));
      assertEquals(folder + " (text8)", corpus.name());
    }
  }

  @Test
  void theKingJamesTextNeeds27Letters() throws IOException {
    try (Corpus corpus =
        Corpora.open(
            List.of("bundled"), CorpusOptions.DEFAULT.withText8(true), Collected.stream(""))) {
      String text = Collected.of(corpus).get(0);
      assertEquals(27, text.chars().distinct().count());
      assertTrue(!text.contains("  "));
      assertTrue(text.startsWith(" in the beginning god created"));
    }
  }
}
