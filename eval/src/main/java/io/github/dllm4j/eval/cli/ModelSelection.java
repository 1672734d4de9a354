package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Which model a command works with. */
final class ModelSelection {
  @Option(names = "--model", description = "bundled or a model directory (bundled).")
  String model = Model.BUNDLED;

  @Option(names = "--class", description = "Class of a model that has classes (none of them).")
  private Optional<Integer> label = Optional.empty();

  /** Opens it. */
  Model open(CommonOptions common) throws IOException {
    return open(model, common, true, label(label));
  }

  /** SHA-256 of a model's weights, 64 lower-case hexadecimal digits. */
  static String sha256(String name) throws IOException {
    try (InputStream weights =
        name.equals(Model.BUNDLED)
            ? Objects.requireNonNull(
                Model.class.getResourceAsStream(
                    "/io/github/dllm4j/engine/bundled/model.safetensors"))
            : Files.newInputStream(Path.of(name).resolve("model.safetensors"))) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      weights.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Opens the model of a name, bundled or a directory. */
  static Model open(String name, CommonOptions common) throws IOException {
    return open(name, common, true, OptionalInt.empty());
  }

  /** A class that was asked for or not. */
  static OptionalInt label(Optional<Integer> label) {
    return label.map(OptionalInt::of).orElse(OptionalInt.empty());
  }

  /**
   * The same.
   *
   * @param information whether its information.json is read
   */
  static Model open(String name, CommonOptions common, boolean information) throws IOException {
    return open(name, common, information, OptionalInt.empty());
  }

  private static Model open(
      String name, CommonOptions common, boolean information, OptionalInt label)
      throws IOException {
    common.applyThreads();
    ModelOptions options = new ModelOptions(common.device, common.precision(), information, label);
    return name.equals(Model.BUNDLED) ? Model.bundled(options) : Model.open(Path.of(name), options);
  }
}
