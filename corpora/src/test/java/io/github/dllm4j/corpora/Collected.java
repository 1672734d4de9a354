package io.github.dllm4j.corpora;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Collects documents. */
final class Collected implements TextSink {

  private final List<String> documents = new ArrayList<>();
  private final StringBuilder current = new StringBuilder();

  static List<String> of(Corpus corpus) throws IOException {
    Collected collected = new Collected();
    corpus.read(collected);
    return collected.documents;
  }

  /** A corpus of documents in memory; each is read in pieces of the given number of code points. */
  static Corpus corpus(int piece, String... documents) {
    return new AbstractCorpus("memory") {
      @Override
      public void read(TextSink sink) throws IOException {
        for (String document : documents) {
          int from = 0;
          while (from < document.length()) {
            int left = document.codePointCount(from, document.length());
            int to = document.offsetByCodePoints(from, Math.min(piece, left));
            sink.text(document.substring(from, to));
            from = to;
          }
          sink.endDocument();
        }
      }

      @Override
      public void close() {
        // Nothing to close.
      }
    };
  }

  static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  static String message(Throwable error) {
    return String.valueOf(error.getMessage());
  }

  @Override
  public void text(String piece) {
    current.append(piece);
  }

  @Override
  public void endDocument() {
    documents.add(current.toString());
    current.setLength(0);
  }
}
