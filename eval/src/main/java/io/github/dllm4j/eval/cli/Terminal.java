package io.github.dllm4j.eval.cli;

/** Whether somebody is watching. */
final class Terminal {
  private Terminal() {}

  /**
   * Whether input and output are a terminal. From Java 22 on there is a console without one too,
   * unless {@code -Djdk.console=java.base} is given, as the launcher does.
   */
  @SuppressWarnings("SystemConsoleNull")
  static boolean isInteractive() {
    return System.console() != null;
  }
}
