package io.github.dllm4j.engine.constrain;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A tool that a model may call.
 *
 * @param name of the tool, not empty
 * @param arguments JSON Schema of the object of its arguments, in the subset of docs/constraints.md
 */
public record Tool(String name, String arguments) {
  /** Checks the name. */
  public Tool {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a tool needs a name");
    }
  }

  /** A tool without arguments. */
  public Tool(String name) {
    this(name, "{\"type\":\"object\",\"properties\":{}}");
  }

  /**
   * A call of a tool: {@code {"name":"...","arguments":{...}}}.
   *
   * @param arguments JSON object; if blank, an empty one
   */
  public record Call(String name, String arguments) {
    /** Completes the arguments. */
    public Call {
      arguments = arguments.isBlank() ? "{}" : arguments;
    }

    /**
     * Reads what a model wrote.
     *
     * @throws IllegalArgumentException in one line, if it is no JSON
     */
    public static Call read(String text) {
      JsonNode call = JsonSchema.tree("the call", text);
      return new Call(call.path("name").asText(), JsonSchema.compact(call.path("arguments")));
    }

    /** What stands before the arguments. */
    static String begin(String name) {
      return "{\"name\":" + JsonSchema.quoted(name) + ",\"arguments\":";
    }

    /** As a model writes it. */
    public String text() {
      return begin(name) + arguments + "}";
    }
  }
}
