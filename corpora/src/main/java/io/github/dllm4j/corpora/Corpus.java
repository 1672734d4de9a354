package io.github.dllm4j.corpora;

import java.io.IOException;

/** Documents that can be read again and again, always the same. Safe for concurrent reading. */
public interface Corpus extends AutoCloseable {

  /** What messages and reports call it. */
  String name();

  /**
   * Hands all text to the sink, in order, in pieces of bounded size.
   *
   * @throws IOException if the corpus is empty, is not text, or cannot be read: one line that names
   *     the source and the place; and whatever the sink throws
   */
  void read(TextSink sink) throws IOException;

  /** Counts and hash of the text; the first call reads all of it. */
  CorpusSummary summary() throws IOException;

  /** Deletes temporary files, if there are any; views of a corpus leave that to the corpus. */
  @Override
  void close() throws IOException;
}
