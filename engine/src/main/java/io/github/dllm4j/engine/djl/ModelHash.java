package io.github.dllm4j.engine.djl;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which model it was, for whoever reads a result: a hash of what it computes with. */
public final class ModelHash {
  private static final List<String> FILES = List.of("config.json", "model.safetensors");

  private ModelHash() {}

  /**
   * SHA-256 over config.json, which holds the tokenizer's hash, and model.safetensors, as they are
   * now; 64 lower-case hexadecimal digits. Reads both files.
   */
  public static String of(Model model) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    try (OutputStream sink = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
      for (String file : FILES) {
        try (InputStream in = open(model.name(), file)) {
          if (in == null) {
            throw new IOException("this build has no bundled model");
          }
          in.transferTo(sink);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static @Nullable InputStream open(String name, String file) throws IOException {
    return name.equals(Model.BUNDLED)
        ? Model.class.getResourceAsStream("/io/github/dllm4j/engine/bundled/" + file)
        : Files.newInputStream(Path.of(name).resolve(file));
  }
}
