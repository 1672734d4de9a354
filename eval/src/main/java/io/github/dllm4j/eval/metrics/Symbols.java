package io.github.dllm4j.eval.metrics;

import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.TextSink;
import java.io.IOException;
import java.util.function.IntConsumer;

/** A text as symbols: its characters, and an end after every document. */
final class Symbols {
  /** Stands for the end of a document. */
  static final int END_OF_DOCUMENT = -1;

  private Symbols() {}

  /** Hands over every code point, and -1 after every document. */
  static void read(Corpus corpus, IntConsumer each) throws IOException {
    corpus.read(
        new TextSink() {
          private int high;

          @Override
          public void text(String piece) {
            for (int i = 0; i < piece.length(); i++) {
              char c = piece.charAt(i);
              if (Character.isHighSurrogate(c)) {
                high = c;
              } else {
                each.accept(
                    Character.isLowSurrogate(c) ? Character.toCodePoint((char) high, c) : c);
              }
            }
          }

          @Override
          public void endDocument() {
            each.accept(END_OF_DOCUMENT);
          }
        });
  }
}
