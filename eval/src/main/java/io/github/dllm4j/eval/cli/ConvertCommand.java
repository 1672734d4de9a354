package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Conversion;
import io.github.dllm4j.engine.djl.WeightType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dllm convert}: a model folder in our form. */
@Command(
    name = "convert",
    description =
        "Writes a published checkpoint (SEDD, MDLM, RADD, UDLM, Duo), or a model whose tensors have"
            + " other names, in dllm4j's form.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
final class ConvertCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(names = "--model", required = true, description = "The folder to read.")
  private Path model;

  @Option(names = "--out", required = true, description = "The folder to make.")
  private Path out;

  @Option(
      names = "--rename",
      description = "OLD=NEW: NEW for OLD in every tensor's name, in the order given; repeatable.")
  private List<String> renames = new ArrayList<>();

  @Option(
      names = "--store",
      description = "Type of the weights in the file: fp32, fp16, bf16 (fp32).")
  private WeightType store = WeightType.FP32;

  @Option(names = "--class", description = "Class that the new model is for (none of them).")
  private Optional<Integer> label = Optional.empty();

  @Option(names = "--json", description = "One JSON document on stdout and nothing else.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    for (String rename : renames) {
      if (rename.indexOf('=') < 1) {
        throw new IllegalArgumentException("--rename must be OLD=NEW, got " + rename);
      }
    }
    CommonOptions.requireNewFolder("--out", out);
    Conversion.convert(model, out, this::renamed, store, ModelSelection.label(label));
    spec.commandLine()
        .getOut()
        .println(json ? Json.text(Map.of("out", out.toString())) : "wrote " + out);
    return 0;
  }

  private String renamed(String name) {
    String now = name;
    for (String rename : renames) {
      int equals = rename.indexOf('=');
      now = now.replace(rename.substring(0, equals), rename.substring(equals + 1));
    }
    return now;
  }
}
