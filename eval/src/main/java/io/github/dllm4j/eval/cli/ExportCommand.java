package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Conversion;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.djl.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm export}: a model as other code reads it. */
@Command(
    name = "export",
    description = "Writes a model that masks so that the code of MDLM or SEDD loads it.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class ExportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      converter = Name.class,
      description = "bundled or a model directory (bundled).")
  private String model = Model.BUNDLED;

  @Option(names = "--to", required = true, description = "mdlm, or sedd for models of scores.")
  private Conversion.Form form;

  @Option(names = "--out", required = true, description = "The folder to make.")
  private Path out;

  @Option(names = "--json", description = "One JSON document on stdout and nothing else.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    CommonOptions.requireNewFolder("--out", out);
    ModelOptions options = new ModelOptions("cpu", Optional.of(Precision.FP32));
    try (Model opened = ModelSelection.open(model, options)) {
      Conversion.export(opened, out, form);
    }
    spec.commandLine()
        .getOut()
        .println(json ? Json.text(Map.of("out", out.toString())) : "wrote " + out);
    return 0;
  }
}
