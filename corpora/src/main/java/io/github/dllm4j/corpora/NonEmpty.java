package io.github.dllm4j.corpora;

import java.io.IOException;

/** Leaves out empty documents and counts the others. */
final class NonEmpty implements TextSink {

  private final TextSink documents;
  private boolean started;
  private long count;

  /** Hands non-empty documents on. */
  NonEmpty(TextSink documents) {
    this.documents = documents;
  }

  @Override
  public void text(String piece) throws IOException {
    if (!piece.isEmpty()) {
      started = true;
      documents.text(piece);
    }
  }

  @Override
  public void endDocument() throws IOException {
    if (started) {
      count++;
      started = false;
      documents.endDocument();
    }
  }

  /** Documents so far. */
  long count() {
    return count;
  }
}
