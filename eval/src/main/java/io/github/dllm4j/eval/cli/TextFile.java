package io.github.dllm4j.eval.cli;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** A text that an option names the file of. */
final class TextFile {
  private static final int LARGEST = 64 << 20; // bytes

  private TextFile() {}

  /**
   * Reads it, whole.
   *
   * @param option for messages
   * @throws IOException in one line, if it is not there, too large or no UTF-8
   */
  static String read(String option, Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IOException(option + ": no file " + file);
    }
    if (Files.size(file) > LARGEST) {
      throw new IOException(
          String.format(
              Locale.ROOT,
              "%s: %s has %,d bytes; allowed: %,d",
              option,
              file,
              Files.size(file),
              LARGEST));
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new IOException(option + ": " + file + " is not UTF-8 text", e);
    }
  }
}
