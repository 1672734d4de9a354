package io.github.dllm4j.engine.djl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Files of a folder that was downloaded: only what lies in it, and only of sane sizes. */
final class FolderFile {
  private static final int LONGEST_TEXT = 200;

  private FolderFile() {}

  /**
   * A file of a folder.
   *
   * @param name without separators
   * @throws IOException in one line, if it is not there, no file, or leads out of the folder
   */
  static Path of(Path folder, String name) throws IOException {
    if (!isPlain(name)) {
      throw new IOException(
          String.format(
              Locale.ROOT, "%s: '%s' is no file name of a model folder", folder, shown(name)));
    }
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new IOException("no file " + file);
    }
    if (!file.toRealPath().startsWith(folder.toRealPath())) {
      throw new IOException(file + " is a link out of its folder: put the file itself there");
    }
    return file;
  }

  /** Whether a name is of letters, digits and a few signs that mean nothing to a shell. */
  static boolean isPlain(String name) {
    return name.matches("[A-Za-z0-9_][A-Za-z0-9._+-]{0,200}");
  }

  /** A text of a file as it may stand in a message: of one line and bounded length. */
  static String shown(String text) {
    return text.substring(0, Math.min(text.length(), LONGEST_TEXT)).replaceAll("\\p{C}", "?");
  }

  /**
   * The bytes of a file of a folder.
   *
   * @param most bytes it may have
   */
  static byte[] read(Path folder, String name, int most) throws IOException {
    return read(of(folder, name), most);
  }

  /**
   * The bytes of a file.
   *
   * @param most bytes it may have
   * @throws IOException in one line, if it has more
   */
  static byte[] read(Path file, int most) throws IOException {
    if (Files.size(file) > most) {
      throw new IOException(
          String.format(
              Locale.ROOT, "%s has %,d bytes; allowed: %,d", file, Files.size(file), most));
    }
    return Files.readAllBytes(file);
  }
}
