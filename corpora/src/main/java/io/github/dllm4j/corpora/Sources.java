package io.github.dllm4j.corpora;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/** Turns paths into sources. */
final class Sources {

  private static final int BUFFER = 1 << 16;
  private static final List<String> TEXT = List.of(".txt", ".text", ".md");
  private static final List<String> JSON_LINES = List.of(".jsonl", ".ndjson");

  private Sources() {}

  /**
   * The sources under a path: the file itself, or all text files in and below a folder in the order
   * of their relative paths, hidden ones left out.
   */
  static List<Source> of(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return ofFolder(path);
    }
    if (!Files.exists(path)) {
      throw new IOException("corpus " + path + " does not exist");
    }
    return List.of(ofFile(path));
  }

  /** Whether a file that is there is among the sources under a path. */
  static boolean read(Path path, Path file) throws IOException {
    if (!Files.exists(path)) {
      return false;
    }
    Path real = path.toRealPath();
    Path one = file.toRealPath();
    return Files.isDirectory(real)
        ? one.startsWith(real) && isText(one) && !isHidden(real.relativize(one))
        : one.equals(real);
  }

  private static List<Source> ofFolder(Path folder) throws IOException {
    Path real = folder.toRealPath();
    List<Path> files;
    try (Stream<Path> walk = Files.walk(real)) {
      files =
          walk.filter(file -> isText(file) && !isHidden(real.relativize(file)))
              .filter(Files::isRegularFile)
              .sorted(Comparator.comparing(file -> slashes(real.relativize(file))))
              .toList();
    } catch (UncheckedIOException e) {
      throw new IOException("corpus folder " + folder + " cannot be read: " + cause(e), e);
    }
    if (files.isEmpty()) {
      throw new IOException(
          "corpus folder "
              + folder
              + " holds no text files; allowed: "
              + Stream.concat(TEXT.stream(), JSON_LINES.stream()).collect(Collectors.joining(", "))
              + ", plain or with .gz");
    }
    return files.stream().map(Sources::ofFile).toList();
  }

  private static Source ofFile(Path file) {
    String name = lowerName(file);
    boolean gzip = name.endsWith(".gz");
    return new Source(file.toString(), endsWith(plain(name), JSON_LINES), () -> open(file, gzip));
  }

  private static InputStream open(Path file, boolean gzip) throws IOException {
    InputStream in;
    try {
      in = Files.newInputStream(file);
    } catch (IOException e) {
      throw new IOException("corpus file " + file + " cannot be read: " + e, e);
    }
    return gzip ? gunzip(in) : in;
  }

  /** Unpacks a stream; it is closed if it is not gzip. */
  static InputStream gunzip(InputStream in) throws IOException {
    try {
      return new GZIPInputStream(in, BUFFER);
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  private static String cause(UncheckedIOException e) {
    return String.valueOf(e.getCause());
  }

  private static boolean isText(Path file) {
    String name = plain(lowerName(file));
    return endsWith(name, TEXT) || endsWith(name, JSON_LINES);
  }

  private static boolean isHidden(Path relative) {
    for (Path part : relative) {
      if (part.toString().startsWith(".")) {
        return true;
      }
    }
    return false;
  }

  private static String lowerName(Path file) {
    Path name = file.getFileName();
    return name == null ? "" : name.toString().toLowerCase(Locale.ROOT);
  }

  private static String plain(String name) {
    return name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
  }

  private static boolean endsWith(String name, List<String> endings) {
    return endings.stream().anyMatch(name::endsWith);
  }

  private static String slashes(Path relative) {
    return relative.toString().replace('\\', '/');
  }
}
