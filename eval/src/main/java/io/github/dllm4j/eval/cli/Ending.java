package io.github.dllm4j.eval.cli;

import io.github.dllm4j.engine.djl.RunningCalls;
import io.github.dllm4j.tokenizer.AtomicFiles;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What happens when the process is told to end, by Ctrl-C for example: first whoever has something
 * to save does so, and may ask the network for it; then no network call is let in any more, and
 * what was not written to its end goes.
 */
final class Ending {
  private static final List<Runnable> SAVERS = new CopyOnWriteArrayList<>();

  private Ending() {}

  /** Makes this the way in which the process ends. */
  static void install() {
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  SAVERS.forEach(Runnable::run);
                  RunningCalls.finish();
                  AtomicFiles.discardUnfinished();
                },
                "dllm-ending"));
  }

  /** From now on this is run first. */
  static void saves(Runnable saver) {
    SAVERS.add(saver);
  }

  /** There is nothing to save any more. */
  static void hasSaved(Runnable saver) {
    SAVERS.remove(saver);
  }
}
