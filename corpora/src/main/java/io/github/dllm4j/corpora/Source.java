package io.github.dllm4j.corpora;

import java.io.IOException;
import java.io.InputStream;

/**
 * One file or stream of a corpus.
 *
 * @param name what messages call it
 * @param jsonLines whether each line is a JSON object
 * @param opener opens the plain bytes, again and again
 */
record Source(String name, boolean jsonLines, Opener opener) {

  /** Opens something from its start. */
  interface Opener {
    InputStream open() throws IOException;
  }
}
