package io.github.dllm4j.eval.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A text that an option names the file of. */
final class TextFile {
  private TextFile() {}

  /**
   * Reads it, whole.
   *
   * @param option for messages
   * @throws IOException in one line, if it is not there or no UTF-8
   */
  static String read(String option, Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(option + ": no file " + file);
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IOException(option + ": " + file + " is not UTF-8 text", e);
    }
  }
}
