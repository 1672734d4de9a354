package io.github.dllm4j.eval.serve;

import java.util.Locale;

/** A request that is not answered, with its status and one line of why. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String kind;

  /**
   * A refusal.
   *
   * @param status of HTTP
   * @param kind a word for programs, as OpenAI's {@code code}
   * @param reason one line
   */
  Refusal(int status, String kind, String reason) {
    super(reason, null, false, false);
    this.status = status;
    this.kind = kind;
  }

  /** A request that is wrong in itself. */
  static Refusal invalid(String format, Object... values) {
    return new Refusal(400, "invalid_request", String.format(Locale.ROOT, format, values));
  }

  /** A model that is not served. */
  static Refusal noModel(String served, String wanted) {
    return new Refusal(404, "model_not_found", "the model here is " + served + ", got " + wanted);
  }

  int status() {
    return status;
  }

  String kind() {
    return kind;
  }

  String reason() {
    return String.valueOf(getMessage()).lines().findFirst().orElse(kind);
  }
}
