package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The hash is of the content: the same wherever the files are, another if one is another. */
class ModelHashTest {
  @TempDir private Path folder;

  private static String hash(Path directory) throws IOException {
    try (Model model = Model.open(directory, ModelOptions.DEFAULT)) {
      return ModelHash.of(model);
    }
  }

  @Test
  void itIsOfTheContent() throws IOException {
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      try (InputStream in =
          Objects.requireNonNull(
              Model.class.getResourceAsStream("/io/github/dllm4j/engine/bundled/" + file))) {
        Files.copy(in, folder.resolve(file));
      }
    }
    String copied = hash(folder);
    assertTrue(copied.matches("[0-9a-f]{64}"), copied);
    try (Model bundled = Model.bundled(ModelOptions.DEFAULT)) {
      assertEquals(copied, ModelHash.of(bundled));
    }
    Path config = folder.resolve("config.json");
    Files.writeString(config, Files.readString(config) + " ");
    assertNotEquals(copied, hash(folder));
  }
}
