package io.github.dllm4j.eval.cli;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A Java process like this one, same JDK, options and class path, but with the serial collector:
 * most others give memory back to the system in the background, so that what a run needs would not
 * show in the process's peak.
 */
final class ChildJvm {
  private ChildJvm() {}

  /**
   * How a process ended.
   *
   * @param out what it printed on stdout
   * @param seconds wall clock from its start to its end
   */
  record Ended(String out, double seconds) {}

  /**
   * Runs a class to its end.
   *
   * @throws IOException if it cannot be started, or ends with another code than 0
   */
  static Ended run(Class<?> main, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (!argument.matches("-XX:[+-]Use\\w+GC")) {
        command.add(argument);
      }
    }
    command.add("-XX:+UseSerialGC");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    Path errors = Files.createTempFile("dllm-bench", ".err");
    try {
      long begin = System.nanoTime();
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      process.getOutputStream().close();
      String out;
      try (InputStream in = process.getInputStream()) {
        out = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
      int code = process.waitFor();
      double seconds = (System.nanoTime() - begin) * 1e-9;
      if (code != 0) {
        throw new IllegalStateException(
            String.format(
                Locale.ROOT, "a measuring process ended with code %d: %s", code, why(errors)));
      }
      return new Ended(out, seconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } finally {
      Files.deleteIfExists(errors);
    }
  }

  private static String why(Path errors) throws IOException {
    List<String> lines = Files.readAllLines(errors);
    return lines.stream()
        .filter(line -> line.contains("Exception") || line.contains("Error"))
        .findFirst()
        .orElse(lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1));
  }
}
