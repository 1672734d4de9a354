package io.github.dllm4j.engine.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Objects;
import org.junit.jupiter.api.function.Executable;

/** How bad input is refused: an exception of the documented type with one line to read. */
public final class Refusal {
  private Refusal() {}

  /** The message with which something is refused. */
  public static String message(Class<? extends Exception> type, Executable action) {
    String message = Objects.requireNonNull(assertThrows(type, action).getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }
}
