package io.github.dllm4j.eval.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.tokenizer.AtomicFiles;
import io.github.dllm4j.tokenizer.JsonErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;

/**
 * What {@code training.json} of a run keeps so that {@code dllm train --resume --out DIR} suffices.
 *
 * @param folder from which it began: where relative paths of its arguments begin; empty in older
 *     files, for the current folder
 * @param arguments of the command that began it, as given
 * @param steps of the optimiser, also where the command gave minutes
 * @param precision of the matrix products, also where the command left it to be measured
 * @param validationFraction of the text, held out
 */
record TrainingSettings(
    String folder, List<String> arguments, int steps, String precision, double validationFraction) {
  private static final String NAME = "training.json";
  private static final String FOLDER = "folder";

  /** Of a run that begins in the current folder. */
  static TrainingSettings here(
      List<String> arguments, int steps, String precision, double validationFraction) {
    String folder = Path.of("").toAbsolutePath().normalize().toString();
    return new TrainingSettings(folder, arguments, steps, precision, validationFraction);
  }

  static TrainingSettings read(Path directory) throws IOException {
    Path file = directory.resolve(NAME);
    if (!Files.isRegularFile(file)) {
      throw new IOException("nothing to resume: no file " + file);
    }
    try {
      ObjectNode json = Json.read(file, ObjectNode.class);
      if (!json.has(FOLDER)) {
        json.put(FOLDER, "");
      }
      TrainingSettings read = Json.MAPPER.treeToValue(json, TrainingSettings.class);
      if (read.arguments.isEmpty() || !read.arguments.get(0).equals("train")) {
        throw new IOException(file + ": arguments must begin with train, got " + read.arguments);
      }
      return read;
    } catch (JsonProcessingException e) {
      throw new IOException(file + ": " + JsonErrors.reason(e), e);
    }
  }

  /** The precision as a value. */
  Precision ofPrecision() {
    return Precision.of(precision);
  }

  void write(Path directory) throws IOException {
    AtomicFiles.write(directory.resolve(NAME), Json.MAPPER.writeValueAsString(this) + "\n");
  }

  /**
   * The command to go on with: the resuming one if it says everything itself, else the first one.
   */
  TrainCommand restore(TrainCommand resuming) {
    if (resuming.hasOwnSettings()) {
      return resuming;
    }
    TrainCommand first = begun();
    first.resumeFor(resuming, Path.of(folder));
    first.arguments(arguments);
    return first;
  }

  /** The command that began the run, as it was given. */
  TrainCommand begun() {
    TrainCommand first = new TrainCommand();
    new CommandLine(first)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExpandAtFiles(false)
        .parseArgs(arguments.subList(1, arguments.size()).toArray(String[]::new));
    return first;
  }
}
