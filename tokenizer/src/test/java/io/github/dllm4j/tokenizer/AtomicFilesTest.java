package io.github.dllm4j.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void oldFile() throws IOException {
    file = directory.resolve("model");
    AtomicFiles.write(file, "old");
  }

  private List<Path> names() throws IOException {
    try (Stream<Path> names = Files.list(directory)) {
      return names.map(Path::getFileName).sorted().toList();
    }
  }

  /** The one line with which something is refused. */
  private static String refusal(Executable action) {
    String message = Texts.message(assertThrows(AtomicFiles.WriteException.class, action));
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  private void assertOldFileOnly() throws IOException {
    assertEquals("old", Files.readString(file));
    assertEquals(List.of(Path.of("model")), names());
  }

  @Test
  void replacesTheWholeFile() throws IOException {
    AtomicFiles.write(file, new byte[] {1, 2});
    assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(file));
    assertEquals(List.of(Path.of("model")), names());
  }

  @Test
  void aWriterThatFailsHalfwayLosesNothing() throws IOException {
    IOException full = new IOException("No space left on device");
    String message =
        refusal(
            () ->
                AtomicFiles.write(
                    file,
                    channel -> {
                      AtomicFiles.writeFully(channel, ByteBuffer.allocate(5000));
                      throw full;
                    }));
    assertEquals("cannot write " + file + ": No space left on device", message);
    assertOldFileOnly();
  }

  @Test
  void aWriterThatBreaksLosesNothing() throws IOException {
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFiles.write(
                file,
                channel -> {
                  throw new IllegalStateException("a bug");
                }));
    assertOldFileOnly();
  }

  /** The temporary file is a link to a device that is always full. */
  @Test
  void aFullDiskLosesNothing() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "this system has no /dev/full");
    Files.createSymbolicLink(AtomicFiles.temporary(file), full);
    String message = refusal(() -> AtomicFiles.write(file, new byte[100_000]));
    assertTrue(message.startsWith("cannot write " + file + ": "), message);
    assertTrue(message.contains("space"), message);
    assertOldFileOnly();
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamed() {
    Path nowhere = directory.resolve("no/such/model");
    String message = refusal(() -> AtomicFiles.write(nowhere, "new"));
    assertEquals("cannot write " + nowhere + ": its directory does not exist", message);
  }

  /** Moving a file over a device would remove the device; a link leads to the one of the system. */
  @Test
  void whatIsNoFileStays() throws IOException {
    Path nothing = Path.of("/dev/null");
    assumeTrue(Files.exists(nothing), "this system has no /dev/null");
    Path link = Files.createSymbolicLink(directory.resolve("link"), nothing);
    Path folder = Files.createDirectory(directory.resolve("folder"));
    // As /dev/stdout is where it goes to a file.
    Path stream = directory.resolve("stream");
    Files.createSymbolicLink(stream, Path.of("/proc/self/cmdline"));
    for (Path taken : List.of(link, folder, stream)) {
      assertEquals(
          "cannot write " + taken + ": it must be a file or not be there",
          refusal(() -> AtomicFiles.write(taken, "new")));
    }
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.isSymbolicLink(stream));
    assertTrue(Files.isDirectory(folder));
  }

  @Test
  void whatStandsInTheWayOfTheTemporaryFileIsNotHidden() throws IOException {
    Path inside = Files.createDirectories(AtomicFiles.temporary(file).resolve("inside"));
    refusal(() -> AtomicFiles.write(file, "new"));
    assertTrue(Files.exists(inside));
    assertEquals("old", Files.readString(file));
  }

  @Test
  void whatKilledProcessesLeftIsRemovedAndNothingElse() throws IOException {
    String gone = "999999999999999999"; // more than processes are counted to
    Path old = Files.writeString(directory.resolve(".model." + gone + ".tmp"), "half");
    Path young =
        Files.writeString(directory.resolve(".model." + gone.substring(1) + ".tmp"), "half");
    Path other = Files.writeString(directory.resolve(".models." + gone + ".tmp"), "half");
    Path named = Files.writeString(directory.resolve(".model.1a.tmp"), "half");
    Instant yesterday = Instant.now().minus(Duration.ofDays(1));
    for (Path path : List.of(old, other, named)) {
      Files.setLastModifiedTime(path, FileTime.from(yesterday));
    }
    AtomicFiles.write(file, "new");
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young) && Files.exists(other) && Files.exists(named));
  }

  /** As at the end of a process: what is not whole goes, and is not moved over what is. */
  @Test
  void whatIsUnfinishedIsDiscarded() throws IOException {
    refusal(
        () ->
            AtomicFiles.write(
                file,
                channel -> {
                  channel.write(ByteBuffer.wrap(new byte[9]));
                  assertEquals(2, names().size());
                  AtomicFiles.discardUnfinished();
                  assertOldFileOnly();
                }));
    assertOldFileOnly();
    assertThrows(
        IOException.class,
        () ->
            AtomicFiles.writeFolder(
                directory.resolve("folder"),
                folder -> {
                  AtomicFiles.write(folder.resolve("one"), "1");
                  assertEquals(2, names().size());
                  AtomicFiles.discardUnfinished();
                  assertOldFileOnly();
                }));
    assertOldFileOnly();
  }

  @Test
  void foldersAreWholeOrAbsent() throws IOException {
    Path folder = directory.resolve("folder");
    Path left = Files.createDirectory(directory.resolve(".folder.999999999999999999.tmp"));
    Files.writeString(left.resolve("half"), "half");
    Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
    assertThrows(
        IllegalStateException.class,
        () ->
            AtomicFiles.writeFolder(
                folder,
                there -> {
                  AtomicFiles.write(there.resolve("one"), "1");
                  throw new IllegalStateException("half way");
                }));
    assertOldFileOnly();
    AtomicFiles.writeFolder(folder, there -> AtomicFiles.write(there.resolve("one"), "1"));
    assertEquals("1", Files.readString(folder.resolve("one")));
    assertThrows(IOException.class, () -> AtomicFiles.writeFolder(folder, there -> {}));
  }

  @Test
  void manyWritersLeaveOneWholeFile() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> writers = new ArrayList<>();
      for (byte content = 1; content <= 3; content++) {
        byte[] bytes = new byte[100_000];
        Arrays.fill(bytes, content);
        writers.add(
            pool.submit(
                () -> {
                  for (int i = 0; i < 20; i++) {
                    AtomicFiles.write(file, bytes);
                    byte[] read = Files.readAllBytes(file);
                    assertEquals(bytes.length, read.length);
                    assertEquals(read[0], read[read.length - 1]);
                  }
                  return null;
                }));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    } finally {
      pool.shutdownNow();
    }
    assertEquals(List.of(Path.of("model")), names());
  }
}
