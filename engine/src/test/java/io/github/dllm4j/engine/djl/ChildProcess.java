package io.github.dllm4j.engine.djl;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A class with a main method in a process of its own, with a fixed heap. */
final class ChildProcess {
  private ChildProcess() {}

  /**
   * Starts it with a small heap.
   *
   * @param output file for what it prints
   */
  static Process start(Class<?> type, Path output, String... arguments) throws IOException {
    return start(64, type, output, arguments);
  }

  /**
   * Starts it.
   *
   * @param mib size of its heap
   * @param output file for what it prints
   */
  static Process start(int mib, Class<?> type, Path output, String... arguments)
      throws IOException {
    String ownPath = System.getProperty("java.class.path");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xms" + mib + "m", "-Xmx" + mib + "m"));
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", ownPath)));
    command.add(type.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }
}
