package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.dllm4j.engine.train.Refusal;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Model directories as they come: of another size than they should, or in a jar. */
class ModelFilesTest {
  @TempDir private Path folder;

  private static void copyBundled(Path to) throws IOException {
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      try (InputStream in =
          Objects.requireNonNull(
              Model.class.getResourceAsStream("/io/github/dllm4j/engine/bundled/" + file))) {
        Files.copy(in, to.resolve(file));
      }
    }
  }

  @Test
  void aModelMayLieInAJar() throws IOException {
    Path jar = folder.resolve("m.jar");
    try (FileSystem files = FileSystems.newFileSystem(jar, Map.of("create", "true"))) {
      Path inside = files.getPath("/model");
      copyBundled(Files.createDirectory(inside));
      try (Model model = Model.open(inside, ModelOptions.DEFAULT);
          Model bundled = Model.bundled(ModelOptions.DEFAULT)) {
        assertArrayEquals(
            bundled.tokenizer().encode("In the beginning"),
            model.tokenizer().encode("In the beginning"));
      }
    }
  }

  @Test
  void tokenizersTooLargeAreNotRead() throws IOException {
    copyBundled(folder);
    Path file = folder.resolve("tokenizer.json");
    try (RandomAccessFile grown = new RandomAccessFile(file.toFile(), "rw")) {
      grown.setLength((256 << 20) + 1);
    }
    assertEquals(
        file + " has 268,435,457 bytes; allowed: 268,435,456",
        Refusal.message(IOException.class, () -> Model.open(folder, ModelOptions.DEFAULT).close()));
  }
}
