package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which model a command works with. */
final class ModelSelection {
  @Option(names = "--model", description = "bundled or a model directory (bundled).")
  String model = Model.BUNDLED;

  /** Opens it. */
  Model open(CommonOptions common) throws IOException {
    return open(model, common);
  }

  /** Opens the model of a name, bundled or a directory. */
  static Model open(String name, CommonOptions common) throws IOException {
    return open(name, common, true);
  }

  /**
   * The same.
   *
   * @param information whether its information.json is read
   */
  static Model open(String name, CommonOptions common, boolean information) throws IOException {
    common.applyThreads();
    ModelOptions options = new ModelOptions(common.device, common.precision(), information);
    return name.equals(Model.BUNDLED) ? Model.bundled(options) : Model.open(Path.of(name), options);
  }
}
