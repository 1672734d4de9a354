package io.github.dllm4j.eval.serve;

import java.time.Duration;
import java.util.Locale;

/**
 * What a server bears.
 *
 * @param bodyBytes most bytes of a request's body, at least 1024
 * @param connections most open connections, at least 1
 * @param idle after which a connection on which nothing moves is closed, and within which the body
 *     of a request must arrive, above 0
 * @param deadline of one generation, above 0
 */
public record Limits(int bodyBytes, int connections, Duration idle, Duration deadline) {
  /** 256 KiB, 256 connections, half a minute idle, two minutes for a generation. */
  public static final Limits DEFAULT =
      new Limits(1 << 18, 256, Duration.ofSeconds(30), Duration.ofMinutes(2));

  /** Fewer bytes hold no request. */
  public static final int LEAST_BODY = 1024;

  /** Checks the ranges. */
  public Limits {
    require("body bytes", bodyBytes, LEAST_BODY);
    require("connections", connections, 1);
    require("idle time in milliseconds", idle.toMillis(), 1);
    require("deadline in milliseconds", deadline.toMillis(), 1);
  }

  private static void require(String name, long value, long least) {
    if (value < least) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be at least %d, got %d", name, least, value));
    }
  }
}
