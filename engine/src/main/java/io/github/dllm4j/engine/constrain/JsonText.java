package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.constrain.Expression.Choice;
import io.github.dllm4j.engine.constrain.Expression.Repeat;
import io.github.dllm4j.engine.constrain.Expression.Sequence;
import io.github.dllm4j.engine.constrain.Expression.Symbol;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts as strings of JSON: characters stand for themselves, but quote, backslash and the control
 * characters with a short name for {@code \" \\ \b \f \n \r \t}. Other control characters cannot be
 * written.
 */
final class JsonText {
  private static final String ESCAPED = "\"\\\b\f\n\r\t";
  private static final int MOST_SAID = 400;
  private static final String NAMES = "\"\\bfnrt";
  private static final CodePoints PLAIN =
      CodePoints.range(0, 0x1F).or(CodePoints.of(ESCAPED)).not();

  private JsonText() {}

  /** The strings whose values are the texts of an expression, quotes included. */
  static Expression string(Expression value) {
    return Expression.sequence(Expression.text("\""), escaped(value), Expression.text("\""));
  }

  /** A message in one line: without control characters, and not endless. */
  static String line(String message) {
    String line = message.replaceAll("\\p{Cntrl}|[\u0085\u2028\u2029]+", " ");
    return line.length() <= MOST_SAID ? line : line.substring(0, MOST_SAID) + "...";
  }

  /** Any text of so many characters. */
  static Expression anything(int least, int most) {
    return new Repeat(new Symbol(CodePoints.ALL), least, most);
  }

  private static Expression escaped(Expression value) {
    if (value instanceof Symbol symbol) {
      List<Expression> ways = new ArrayList<>();
      CodePoints plain = symbol.set().and(PLAIN);
      if (!plain.isEmpty()) {
        ways.add(new Symbol(plain));
      }
      for (int i = 0; i < ESCAPED.length(); i++) {
        if (symbol.set().contains(ESCAPED.charAt(i))) {
          ways.add(Expression.text("\\" + NAMES.charAt(i)));
        }
      }
      return new Choice(ways);
    } else if (value instanceof Sequence sequence) {
      return new Sequence(sequence.parts().stream().map(JsonText::escaped).toList());
    } else if (value instanceof Choice choice) {
      return new Choice(choice.options().stream().map(JsonText::escaped).toList());
    } else if (value instanceof Repeat repeat) {
      return new Repeat(escaped(repeat.body()), repeat.least(), repeat.most());
    }
    throw new IllegalArgumentException("bytes cannot be escaped, got " + value);
  }
}
