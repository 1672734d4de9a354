package io.github.dllm4j.tokenizer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Files that are either whole or absent: written beside their place under a temporary name, forced
 * to the disk, then moved over the old one. Whoever is killed or runs out of space keeps the old
 * file. What is there and is no file, as a device or a pipe, is not moved over.
 */
public final class AtomicFiles {

  private static final String SUFFIX = ".tmp";
  private static final Duration AN_HOUR = Duration.ofHours(1);

  /** What is being written now. */
  private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

  private AtomicFiles() {}

  /** A file could not be written: no space, no permission. What was there before is still whole. */
  public static final class WriteException extends IOException {
    private static final long serialVersionUID = 1;

    WriteException(Path file, String why) {
      super("cannot write " + file + ": " + why);
    }

    WriteException(Path file, String why, IOException cause) {
      this("cannot write " + file + ": " + why, cause);
    }

    /** In one line: what could not be written, and why. */
    public WriteException(String message, IOException cause) {
      super(message, cause);
    }
  }

  /** Writes to an open channel. */
  @FunctionalInterface
  public interface Writer {
    /** Writes the whole content. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes a file whole or not at all; two who write the same one, in this process or another of
   * this machine, do not get in each other's way. One file at a time is written in a process.
   *
   * @throws WriteException in one line with the file's name, if it cannot be written
   */
  public static void write(Path file, Writer writer) throws WriteException {
    synchronized (AtomicFiles.class) {
      writeAlone(file, writer);
    }
  }

  private static void writeAlone(Path file, Writer writer) throws WriteException {
    if (!isReplaceable(file)) {
      throw new WriteException(file, "it must be a file or not be there");
    }
    Path temporary = temporary(file);
    sweep(file);
    UNFINISHED.add(temporary);
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        writer.writeTo(channel);
        channel.force(true);
      }
      claim(temporary, file);
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (WriteException e) {
      throw e;
    } catch (IOException e) {
      throw new WriteException(file, reason(e), e);
    } finally {
      discard(temporary); // it is not there any more if all went well
      UNFINISHED.remove(temporary);
    }
  }

  /**
   * Removes what is being written and not yet whole: for a process that is about to exit in the
   * middle of it, whose writers then fail.
   */
  public static void discardUnfinished() {
    for (Path temporary : Set.copyOf(UNFINISHED)) {
      if (UNFINISHED.remove(temporary)) {
        discardAll(temporary);
      }
    }
  }

  /** What is whole now is nobody's to remove, unless that has begun. */
  private static void claim(Path temporary, Path file) throws WriteException {
    if (!UNFINISHED.remove(temporary)) {
      throw new WriteException(file, "the process is ending");
    }
  }

  /** Where it is written first. */
  static Path temporary(Path file) {
    return file.resolveSibling(prefix(file) + ProcessHandle.current().pid() + SUFFIX);
  }

  private static String prefix(Path file) {
    return "." + file.getFileName() + ".";
  }

  /** Removes what processes that were killed have left of a file. */
  private static void sweep(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      return;
    }
    try (Stream<Path> all = Files.list(folder)) {
      all.filter(path -> isLeft(path, prefix(file))).forEach(AtomicFiles::discardAll);
    } catch (IOException | UncheckedIOException e) {
      return; // writing will say what is wrong with the folder
    }
  }

  /** Whether a process that is no more wrote it, an hour ago or longer. */
  private static boolean isLeft(Path path, String prefix) {
    String name = path.getFileName().toString();
    if (!name.startsWith(prefix) || !name.endsWith(SUFFIX)) {
      return false;
    }
    int end = name.length() - SUFFIX.length();
    String writer = end < prefix.length() ? "" : name.substring(prefix.length(), end);
    try {
      return writer.matches("[0-9]{1,18}")
          && ProcessHandle.of(Long.parseLong(writer)).isEmpty()
          && Files.getLastModifiedTime(path).toInstant().isBefore(Instant.now().minus(AN_HOUR));
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Whether a name is free or a file's: neither a folder nor a device nor a pipe, nor a name of
   * one, such as /dev/stdout, may be moved over.
   */
  public static boolean isReplaceable(Path file) {
    try {
      boolean stream =
          Files.isSymbolicLink(file) && Files.readSymbolicLink(file).startsWith("/proc");
      return !stream && (!Files.exists(file) || Files.isRegularFile(file));
    } catch (IOException e) {
      return false; // a link that cannot be read
    }
  }

  private static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "its directory does not exist";
    } else if (e instanceof AccessDeniedException) {
      return "no permission";
    } else if (e instanceof FileSystemException system && system.getReason() != null) {
      return system.getReason();
    }
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  /** Writes bytes whole or not at all. */
  public static void write(Path file, byte[] bytes) throws WriteException {
    write(file, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /** Writes UTF-8 text whole or not at all. */
  public static void write(Path file, String text) throws WriteException {
    write(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Fills a new folder. */
  @FunctionalInterface
  public interface FolderWriter {
    /** Writes every file of it. */
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Makes a folder with all its files or not at all.
   *
   * @param folder that does not exist yet
   * @throws IOException in one line, if it exists or cannot be written, or from the writer
   */
  public static void writeFolder(Path folder, FolderWriter writer) throws IOException {
    synchronized (AtomicFiles.class) {
      writeFolderAlone(folder, writer);
    }
  }

  private static void writeFolderAlone(Path folder, FolderWriter writer) throws IOException {
    Path target = folder.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (Files.exists(target) || parent == null) {
      throw new IOException(folder + " exists already: name a new folder");
    }
    Path temporary = temporary(target);
    sweep(target);
    UNFINISHED.add(temporary);
    try {
      discardAll(temporary); // of a process with our number
      // Not a temporary directory, which only its owner could read.
      Files.createDirectory(temporary);
    } catch (IOException e) {
      UNFINISHED.remove(temporary);
      throw new WriteException(folder, reason(e), e);
    }
    try {
      writer.writeTo(temporary);
      claim(temporary, folder);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      discardAll(temporary);
      UNFINISHED.remove(temporary);
    }
  }

  /** Writes all that remains in a buffer. */
  public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Removes a file, or a folder of files. */
  private static void discardAll(Path temporary) {
    if (Files.isDirectory(temporary, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> left = Files.list(temporary)) {
        left.forEach(AtomicFiles::discard);
      } catch (IOException | UncheckedIOException e) {
        return; // what is left has a temporary's name
      }
    }
    discard(temporary);
  }

  private static void discard(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // The failure that led here is the one to report; what is left has a temporary's name.
      return;
    }
  }
}
