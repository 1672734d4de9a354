package io.github.dllm4j.engine.djl;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which model it was, for whoever reads a result: SHA-256 of what it computes with, as it is now,
 * in 64 lower-case hexadecimal digits. Reads the files.
 */
public final class ModelHash {
  private static final String RESOURCES = "/io/github/dllm4j/engine/bundled/";

  private ModelHash() {}

  /**
   * The hash over config.json and the weights. Our own config.json holds the tokenizer's hash, that
   * of a published checkpoint does not.
   */
  public static String of(Model model) throws IOException {
    List<String> files = new ArrayList<>(List.of("config.json"));
    files.addAll(weights(model.name()));
    return hash(model.name(), files);
  }

  /**
   * The hash over the weights: model.safetensors, or the index of a sharded set and then every
   * safetensors file beside it, by name.
   *
   * @param name bundled or a directory
   */
  public static String ofWeights(String name) throws IOException {
    return hash(name, weights(name));
  }

  /**
   * The hash of information.json, if it is there.
   *
   * @param name bundled or a directory
   */
  public static Optional<String> ofInformation(String name) throws IOException {
    boolean there =
        name.equals(Model.BUNDLED)
            ? Model.class.getResource(RESOURCES + InformationFile.NAME) != null
            : Files.exists(Path.of(name).resolve(InformationFile.NAME));
    return there ? Optional.of(hash(name, List.of(InformationFile.NAME))) : Optional.empty();
  }

  private static List<String> weights(String name) throws IOException {
    Path folder = Path.of(name);
    boolean sharded =
        !name.equals(Model.BUNDLED)
            && !Files.exists(folder.resolve(Weights.SINGLE))
            && Files.exists(folder.resolve(Weights.INDEX));
    if (!sharded) {
      return List.of(Weights.SINGLE);
    }
    List<String> files = new ArrayList<>(List.of(Weights.INDEX));
    try (Stream<Path> all = Files.list(folder)) {
      all.map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".safetensors"))
          .sorted()
          .forEach(files::add);
    }
    return files;
  }

  private static String hash(String name, List<String> files) throws IOException {
    MessageDigest digest = sha256();
    try (OutputStream sink = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
      for (String file : files) {
        try (InputStream in = open(name, file)) {
          if (in == null) {
            throw new IOException("this build has no bundled model");
          }
          in.transferTo(sink);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The hash of a text. */
  static String ofText(String text) {
    return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static @Nullable InputStream open(String name, String file) throws IOException {
    return name.equals(Model.BUNDLED)
        ? Model.class.getResourceAsStream(RESOURCES + file)
        : Files.newInputStream(Path.of(name).resolve(file));
  }
}
