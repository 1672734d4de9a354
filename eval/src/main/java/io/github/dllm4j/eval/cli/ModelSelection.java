package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** Which model a command works with. */
final class ModelSelection {
  @Option(
      names = "--model",
      converter = Name.class,
      description = "bundled or a model directory (bundled).")
  String model = Model.BUNDLED;

  @Option(names = "--class", description = "Class of a model that has classes (none of them).")
  Optional<Integer> label = Optional.empty();

  /** Opens it. */
  Model open(CommonOptions common) throws IOException {
    return open(common, true);
  }

  /**
   * The same.
   *
   * @param information whether its information.json is read
   */
  Model open(CommonOptions common, boolean information) throws IOException {
    return open(model, common, information, label(label));
  }

  /** Opens the model of a name, bundled or a directory. */
  static Model open(String name, CommonOptions common) throws IOException {
    return open(name, common, true, OptionalInt.empty());
  }

  /** A class that was asked for or not. */
  static OptionalInt label(Optional<Integer> label) {
    return label.map(OptionalInt::of).orElse(OptionalInt.empty());
  }

  private static Model open(
      String name, CommonOptions common, boolean information, OptionalInt label)
      throws IOException {
    common.applyThreads();
    ModelOptions options = new ModelOptions(common.device, common.precision(), information, label);
    return open(name, options);
  }

  /** The same with options. */
  static Model open(String name, ModelOptions options) throws IOException {
    return name.equals(Model.BUNDLED) ? Model.bundled(options) : Model.open(Path.of(name), options);
  }
}
