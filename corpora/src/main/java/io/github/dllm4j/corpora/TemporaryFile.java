package io.github.dllm4j.corpora;

import io.github.dllm4j.tokenizer.AtomicFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** Opens temporary files that go away with their channel, even if the program is killed. */
final class TemporaryFile {

  private TemporaryFile() {}

  /**
   * A new file, open for reading and writing, deleted when closed (on Unix its name goes at once).
   *
   * @param folder where; the system's temporary folder if absent
   */
  static FileChannel open(Optional<Path> folder) throws IOException {
    try {
      Path file =
          folder.isPresent()
              ? Files.createTempFile(folder.get(), "dllm4j", ".tmp")
              : Files.createTempFile("dllm4j", ".tmp");
      return FileChannel.open(
          file,
          StandardOpenOption.READ,
          StandardOpenOption.WRITE,
          StandardOpenOption.DELETE_ON_CLOSE);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /** What to say when writing fails. */
  static AtomicFiles.WriteException failed(Optional<Path> folder, IOException e) {
    return new AtomicFiles.WriteException(
        "cannot write a temporary file in "
            + folder.map(Path::toString).orElse("the system's temporary folder")
            + ": "
            + e,
        e);
  }
}
