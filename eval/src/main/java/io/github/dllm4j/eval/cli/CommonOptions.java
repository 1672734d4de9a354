package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.Precision;
import io.github.dllm4j.engine.djl.PyTorch;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options that every command with a network has. */
final class CommonOptions {
  @Option(names = "--seed", description = "Seed of everything random (default 0).")
  long seed;

  @Option(names = "--device", description = "auto, cpu or cuda:N (default auto).")
  String device = "auto";

  @Option(
      names = "--precision",
      description =
          "auto, fp32 or bf16 (default auto: fp32; train: the faster; bench: bf16 too if not slower).")
  String precision = "auto";

  @Option(names = "--threads", description = "Threads of one operation (default: all cores).")
  Optional<Integer> threads = Optional.empty();

  @Option(names = "--json", description = "One JSON document on stdout and nothing else.")
  boolean json;

  /** Applies --threads. */
  void applyThreads() {
    threads.ifPresent(PyTorch::setThreads);
  }

  /** The precision asked for, or empty for the engine to choose. */
  Optional<Precision> precision() {
    return switch (precision) {
      case "auto" -> Optional.empty();
      case "fp32" -> Optional.of(Precision.FP32);
      case "bf16" -> Optional.of(Precision.BF16);
      default ->
          throw new IllegalArgumentException(
              "--precision must be auto, fp32 or bf16, got " + precision);
    };
  }

  /** Checks before any work is done that a folder can be made: its own is there, and it is not. */
  static void requireNewFolder(String option, Path folder) {
    Path parent = folder.toAbsolutePath().normalize().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new IllegalArgumentException(option + " " + folder + ": its folder does not exist");
    }
    if (Files.exists(folder)) {
      throw new IllegalArgumentException(
          option + " " + folder + " exists already: name a new folder");
    }
  }

  /**
   * Checks before any work is done that a file can be written: its folder is there, and where it is
   * to be there is a file or nothing.
   */
  static void requireFile(String option, Path file) {
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new IllegalArgumentException(option + " " + file + ": its folder does not exist");
    }
    if (!AtomicFiles.isReplaceable(file)) {
      throw new IllegalArgumentException(option + " " + file + " is there and is no file");
    }
  }
}
