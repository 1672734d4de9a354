package io.github.dllm4j.engine.constrain;

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
}
