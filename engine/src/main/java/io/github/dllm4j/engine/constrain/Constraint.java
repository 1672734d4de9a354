package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.constrain.Expression.Choice;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a generated text must be, whatever the model says. Immutable; two constraints are equal if
 * they were made of the same words.
 *
 * <pre>{@code
 * Constraint.regex("[A-Z][a-z]+ \\d{1,3}:\\d{1,3}")
 * Constraint.jsonSchema("{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\"}}}")
 * Constraint.choices(List.of("yes", "no"))
 * }</pre>
 *
 * <p>The supported syntax and what is guaranteed are in docs/constraints.md.
 */
public final class Constraint {
  private final String description;
  private final Dfa dfa;
  private final boolean greedy;

  private Constraint(String description, Dfa dfa, boolean greedy) {
    this.description = description;
    this.dfa = dfa;
    this.greedy = greedy;
  }

  private static Constraint of(String description, Expression expression, Budget budget) {
    Dfa dfa = Dfa.of(expression, budget);
    if (dfa.states() == 0) {
      throw new IllegalArgumentException(JsonText.line("no text at all satisfies " + description));
    }
    return new Constraint(description, dfa, false);
  }

  /**
   * Texts that a regular expression matches as a whole.
   *
   * @throws IllegalArgumentException in one line, with the place, if it is not supported
   */
  public static Constraint regex(String expression) {
    Budget budget = new Budget();
    RegexParser.Parsed parsed = RegexParser.parse(budget.text(expression));
    return of("regex " + expression, parsed.expression(), budget);
  }

  /**
   * JSON documents that a schema allows: compact, properties in the schema's order.
   *
   * @throws IllegalArgumentException in one line, with the place, if it is not supported
   */
  public static Constraint jsonSchema(String schema) {
    Budget budget = new Budget();
    return of("schema " + schema, JsonSchema.parse("schema", schema, budget), budget);
  }

  /**
   * One of some texts.
   *
   * @param texts at least one; the empty text is allowed
   */
  public static Constraint choices(List<String> texts) {
    if (texts.isEmpty()) {
      throw new IllegalArgumentException("choices must have at least one text, got none");
    }
    Budget budget = new Budget();
    List<Expression> options =
        texts.stream().map(text -> Expression.text(budget.text(text))).toList();
    return of("choices " + quoted(texts), new Choice(options), budget);
  }

  /**
   * A {@linkplain Tool.Call call} of one of some tools, with arguments that the tool's schema
   * allows.
   *
   * @param tools at least one, with different names
   * @throws IllegalArgumentException in one line, if a schema is not supported or allows what is no
   *     object
   */
  public static Constraint toolCall(List<Tool> tools) {
    if (tools.isEmpty()) {
      throw new IllegalArgumentException("a tool call needs at least one tool, got none");
    }
    List<String> words = tools.stream().flatMap(t -> Stream.of(t.name(), t.arguments())).toList();
    Budget budget = new Budget();
    Set<String> names = new HashSet<>();
    for (Tool tool : tools) {
      if (!names.add(tool.name())) {
        throw new IllegalArgumentException(
            JsonText.line("tools must have different names, got two " + tool.name()));
      }
    }
    List<Expression> calls = tools.stream().map(tool -> call(tool, budget)).toList();
    Constraint constraint = of("call " + quoted(words), new Choice(calls), budget);
    tools.forEach(constraint::checkObject);
    return constraint;
  }

  /** Whether only an object follows a tool's name. */
  private void checkObject(Tool tool) {
    byte[] begin = Tool.Call.begin(tool.name()).getBytes(StandardCharsets.UTF_8);
    int state = dfa.next(0, begin);
    for (int b = 0; b < 256 && state >= 0; b++) {
      if (b != '{' && dfa.next(state, b) >= 0) {
        throw new IllegalArgumentException(
            JsonText.line(
                "arguments of " + tool.name() + " must be an object, got " + tool.arguments()));
      }
    }
  }

  private static String quoted(List<String> texts) {
    return texts.stream().map(JsonSchema::quoted).collect(Collectors.joining(", "));
  }

  private static Expression call(Tool tool, Budget budget) {
    return Expression.sequence(
        Expression.text(budget.text(Tool.Call.begin(tool.name()))),
        JsonSchema.parse("arguments of " + tool.name(), tool.arguments(), budget),
        Expression.text("}"));
  }

  /**
   * The same constraint, but each step takes the most probable text under the product of the laws
   * instead of drawing one.
   */
  public Constraint greedy() {
    return new Constraint(description, dfa, true);
  }

  /** Whether each step takes the most probable text. */
  public boolean isGreedy() {
    return greedy;
  }

  /** Whether a text satisfies the constraint. */
  public boolean accepts(String text) {
    return Expression.isWritable(text) && dfa.accepts(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Its texts. */
  Dfa dfa() {
    return dfa;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Constraint constraint
        && greedy == constraint.greedy
        && description.equals(constraint.description);
  }

  @Override
  public int hashCode() {
    return description.hashCode();
  }

  @Override
  public String toString() {
    return description;
  }
}
