package io.github.dllm4j.corpora;

import java.io.IOException;

/** The characters from..to-1 of a corpus. */
final class SliceCorpus extends AbstractCorpus {

  private final Corpus corpus;
  private final long from;
  private final long to;
  private final long total;

  /** A view of a corpus known to have {@code total} characters. */
  SliceCorpus(Corpus corpus, String part, long from, long to, long total) {
    super(corpus.name() + " [" + part + "]");
    this.corpus = corpus;
    this.from = from;
    this.to = to;
    this.total = total;
  }

  @Override
  public void read(TextSink sink) throws IOException {
    Slice slice = new Slice(new NonEmpty(sink));
    corpus.read(slice);
    if (slice.position != total) {
      throw new IOException(
          "corpus "
              + corpus.name()
              + " changed while it was in use: it had "
              + total
              + " characters, now "
              + slice.position);
    }
  }

  @Override
  public void close() {
    // A view owns nothing.
  }

  private final class Slice implements TextSink {

    private final TextSink target;
    private long position; // characters before the next piece

    Slice(TextSink target) {
      this.target = target;
    }

    @Override
    public void text(String piece) throws IOException {
      int length = piece.codePointCount(0, piece.length());
      long start = Math.max(0, from - position);
      long end = Math.min(length, to - position);
      position += length;
      if (start < end) {
        int first = piece.offsetByCodePoints(0, (int) start);
        int last = piece.offsetByCodePoints(first, (int) (end - start));
        target.text(piece.substring(first, last));
      }
    }

    @Override
    public void endDocument() throws IOException {
      target.endDocument();
    }
  }
}
