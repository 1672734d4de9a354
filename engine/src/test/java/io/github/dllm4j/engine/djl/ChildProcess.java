package io.github.dllm4j.engine.djl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A class with a main method in a process of its own, with a small fixed heap. */
public final class ChildProcess {
  private ChildProcess() {}

  /**
   * Starts it with a heap of 64 MiB.
   *
   * @param output file for what it prints
   */
  static Process start(Class<?> type, Path output, String... arguments) throws IOException {
    return start(64, type, output, arguments);
  }

  /**
   * Starts it.
   *
   * @param heapMib size of its heap, which is resident from the start
   * @param output file for what it prints
   */
  public static Process start(int heapMib, Class<?> type, Path output, String... arguments)
      throws IOException {
    return start(heapMib, List.of(), type, output, arguments);
  }

  /**
   * Starts it.
   *
   * @param options more of the JVM's own
   */
  static Process start(
      int heapMib, List<String> options, Class<?> type, Path output, String... arguments)
      throws IOException {
    String ownPath = System.getProperty("java.class.path");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xms" + heapMib + "m", "-Xmx" + heapMib + "m"));
    command.addAll(List.of("-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", ownPath)));
    command.add(type.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  /**
   * A line of /proc/self/status, MiB; Linux only.
   *
   * @param name of the line, such as {@code VmRSS}, this process's resident memory
   */
  public static double status(String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("no " + name);
  }
}
