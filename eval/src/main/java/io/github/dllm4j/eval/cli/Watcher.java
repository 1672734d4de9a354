package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.GenerationListener;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * Shows the first sample's canvas after every step: in place on a terminal, else one block a step.
 */
final class Watcher implements GenerationListener {
  private static final String CLEAR = "\033[H\033[2J";

  private final PrintWriter err;
  private final boolean terminal = Terminal.isInteractive();

  Watcher(PrintWriter err) {
    this.err = err;
  }

  @Override
  public boolean onStep(Step step) {
    if (step.sample() == 0) {
      err.printf(
          Locale.ROOT,
          "%s[step %d of %d]%n%s%n",
          terminal ? CLEAR : "",
          step.step() + 1,
          step.steps(),
          step.canvas());
      err.flush();
    }
    return true;
  }
}
