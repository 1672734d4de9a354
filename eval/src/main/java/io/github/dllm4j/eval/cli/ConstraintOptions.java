package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.constrain.Constraint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What the generated text must be. */
final class ConstraintOptions {
  @Option(
      names = "--regex",
      description = "The generated part matches this as a whole (docs/constraints.md).")
  private Optional<String> regex = Optional.empty();

  @Option(
      names = "--json-schema",
      description = "The generated part is compact JSON that this file's schema allows.")
  private Optional<Path> schema = Optional.empty();

  @Option(
      names = "--choices",
      description = "The generated part is one of these, separated by commas.")
  private Optional<String> choices = Optional.empty();

  @Option(
      names = "--greedy",
      description = "Each step takes the most probable text of the constraint.")
  private boolean greedy;

  /**
   * The constraint that was asked for.
   *
   * @throws IOException if the schema's file cannot be read
   */
  Optional<Constraint> read() throws IOException {
    long given = Stream.of(regex, schema, choices).filter(Optional::isPresent).count();
    if (given > 1) {
      throw new IllegalArgumentException(
          "give at most one of --regex, --json-schema and --choices, got " + given);
    }
    if (given == 0) {
      if (greedy) {
        throw new IllegalArgumentException(
            "--greedy is for --regex, --json-schema and --choices: give one of them");
      }
      return Optional.empty();
    }
    Constraint constraint =
        regex.isPresent()
            ? Constraint.regex(regex.get())
            : schema.isPresent()
                ? Constraint.jsonSchema(TextFile.read("--json-schema", schema.get()))
                : Constraint.choices(List.of(choices.orElseThrow().split(",", -1)));
    return Optional.of(greedy ? constraint.greedy() : constraint);
  }
}
