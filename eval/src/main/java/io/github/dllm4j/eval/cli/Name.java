package io.github.dllm4j.eval.cli;

import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Names of models, corpora and files. Names of nothing are refused: they would be this folder. */
final class Name implements ITypeConverter<String> {
  @Override
  public String convert(String name) {
    if (name.isEmpty()) {
      throw new TypeConversionException("must be a name, got \"\"");
    }
    return name;
  }

  /** The path of a name. */
  static Path path(String name) {
    return Path.of(new Name().convert(name));
  }
}
