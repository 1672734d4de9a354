package io.github.dllm4j.corpora;

import java.io.IOException;

/** Takes documents piece by piece. */
public interface TextSink {

  /**
   * The next piece of the current document: well-formed, not empty, never cut inside a code point.
   */
  void text(String piece) throws IOException;

  /** The current document is complete; every document has at least one character. */
  void endDocument() throws IOException;
}
