package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.constrain.Expression.Choice;
import io.github.dllm4j.engine.constrain.Expression.Repeat;
import io.github.dllm4j.engine.constrain.Expression.Sequence;
import io.github.dllm4j.engine.constrain.Expression.Symbol;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads a regular expression. What is not in docs/constraints.md is refused: no back references, no
 * looking around, no lazy or possessive repeats, which say nothing about a whole text.
 */
final class RegexParser {
  private static final int MOST_REPEATS = 10_000;
  private static final int DEEPEST = 100;
  private static final CodePoints DIGITS = CodePoints.range('0', '9');
  private static final CodePoints WORD =
      DIGITS
          .or(CodePoints.range('a', 'z'))
          .or(CodePoints.range('A', 'Z'))
          .or(CodePoints.range('_', '_'));
  private static final CodePoints SPACE = CodePoints.of(" \t\n\u000B\f\r");

  /** What any dialect calls white space: nothing of it is called anything else here. */
  private static final CodePoints ANY_SPACE =
      SPACE
          .or(CodePoints.range(0x2000, 0x200A))
          .or(CodePoints.of("\u0085\u00A0\u1680\u2028\u2029\u202F\u205F\u3000\uFEFF"));

  private static final CodePoints DOT = CodePoints.of("\n\r\u0085\u2028\u2029").not();

  private final String source;
  private final boolean anchoredAtEnd;
  private final int end;
  private int at;
  private int depth;
  private boolean alternative; // whether the whole is several, in no group

  /**
   * What was read.
   *
   * @param expression without anchors
   * @param atStart whether it began with ^
   * @param atEnd whether it ended with $
   */
  record Parsed(Expression expression, boolean atStart, boolean atEnd) {}

  private RegexParser(String source) {
    this.source = source;
    int escapes = 0;
    while (escapes + 2 <= source.length() && source.charAt(source.length() - 2 - escapes) == '\\') {
      escapes++;
    }
    anchoredAtEnd = source.endsWith("$") && escapes % 2 == 0;
    end = source.length() - (anchoredAtEnd ? 1 : 0);
  }

  /**
   * Reads an expression.
   *
   * @throws IllegalArgumentException in one line, with the place, if it is not supported
   */
  static Parsed parse(String source) {
    return new RegexParser(source).whole();
  }

  private Parsed whole() {
    boolean atStart = source.startsWith("^");
    at = atStart ? 1 : 0;
    Expression expression = alternatives();
    if (at < end) {
      throw bad(") closes nothing");
    }
    if ((atStart || anchoredAtEnd) && alternative) {
      throw new IllegalArgumentException(
          JsonText.line(
              "regular expression: an anchor binds closer than |: write ^(a|b)$, got " + source));
    }
    return new Parsed(expression, atStart, anchoredAtEnd);
  }

  private Expression alternatives() {
    List<Expression> options = new ArrayList<>();
    options.add(sequence());
    while (at < end && source.charAt(at) == '|') {
      at++;
      options.add(sequence());
    }
    alternative |= depth == 0 && options.size() > 1;
    return options.size() == 1 ? options.get(0) : new Choice(options);
  }

  private Expression sequence() {
    List<Expression> parts = new ArrayList<>();
    while (at < end && source.charAt(at) != '|' && source.charAt(at) != ')') {
      parts.add(repeated());
    }
    return parts.size() == 1 ? parts.get(0) : new Sequence(parts);
  }

  private Expression repeated() {
    Expression body = atom();
    if (at == end) {
      return body;
    }
    Expression result =
        switch (source.charAt(at)) {
          case '*' -> repeat(body, 0, Repeat.UNBOUNDED);
          case '+' -> repeat(body, 1, Repeat.UNBOUNDED);
          case '?' -> repeat(body, 0, 1);
          case '{' -> counted(body);
          default -> body;
        };
    if (result != body && at < end && "*+?{".indexOf(source.charAt(at)) >= 0) {
      throw bad("a repeat cannot be repeated, made lazy or possessive");
    }
    return result;
  }

  private Expression repeat(Expression body, int least, int most) {
    at++;
    return new Repeat(body, least, most);
  }

  /** {m}, {m,} or {m,n}. */
  private Expression counted(Expression body) {
    int close = source.indexOf('}', at);
    String inside = close < 0 ? "" : source.substring(at + 1, close);
    if (!inside.matches("\\d{1,5}(,\\d{0,5})?")) {
      throw bad("{ must be {m}, {m,} or {m,n}; \\{ is a brace");
    }
    String[] numbers = inside.split(",", -1);
    int least = Integer.parseInt(numbers[0]);
    int most = least;
    if (numbers.length == 2) {
      most = numbers[1].isEmpty() ? Repeat.UNBOUNDED : Integer.parseInt(numbers[1]);
    }
    if (least > MOST_REPEATS || most > MOST_REPEATS || (most >= 0 && most < least)) {
      throw bad(
          String.format(
              Locale.ROOT,
              "{%s} must repeat 0 to %,d times, the least first",
              inside,
              MOST_REPEATS));
    }
    at = close + 1;
    return new Repeat(body, least, most);
  }

  private Expression atom() {
    char c = source.charAt(at);
    return switch (c) {
      case '(' -> group();
      case '[' -> new Symbol(bracket());
      case '.' -> {
        at++;
        yield new Symbol(DOT);
      }
      case '*', '+', '?', '{' -> throw bad(c + " repeats nothing; \\" + c + " is the character");
      case '^', '$' ->
          throw bad(c + " may only stand at the end of the whole; \\" + c + " is the character");
      default -> new Symbol(character(false));
    };
  }

  private Expression group() {
    at++;
    if (source.startsWith("?:", at)) {
      at += 2;
    } else if (at < end && source.charAt(at) == '?') {
      throw bad("of the (? groups only (?: is supported");
    }
    if (++depth > DEEPEST) {
      throw bad("groups must be at most " + DEEPEST + " deep");
    }
    Expression inside = alternatives();
    if (at >= end) {
      throw bad("( is never closed");
    }
    at++;
    depth--;
    return inside;
  }

  /** A set in brackets. */
  private CodePoints bracket() {
    at++;
    boolean negated = at < end && source.charAt(at) == '^';
    at += negated ? 1 : 0;
    List<CodePoints> items = new ArrayList<>();
    while (at < end && source.charAt(at) != ']') {
      if (source.charAt(at) == '[' || source.startsWith("&&", at)) {
        throw innerSet();
      }
      CodePoints item = character(negated);
      boolean range = at + 1 < end && source.charAt(at) == '-' && source.charAt(at + 1) != ']';
      if (range) {
        at++;
        if (source.charAt(at) == '[') {
          throw innerSet();
        }
        CodePoints last = character(negated);
        if (single(item) < 0 || single(last) < single(item)) {
          throw bad("a range in [] must go from a character to a later one");
        }
        item = CodePoints.range(single(item), single(last));
      }
      items.add(item);
    }
    if (at >= end) {
      throw bad("[ is never closed");
    }
    at++;
    CodePoints set = CodePoints.any(items);
    CodePoints result = negated ? set.not() : set;
    if (set.isEmpty() || result.isEmpty()) {
      throw bad("[] must hold a character; \\] is a bracket");
    }
    return result;
  }

  private IllegalArgumentException innerSet() {
    return bad("sets in sets are not supported; \\[ is a bracket");
  }

  private static int single(CodePoints set) {
    return set.ranges() == 1 && set.first(0) == set.last(0) ? set.first(0) : -1;
  }

  /** A character or an escape; {@code negated}: within a set that is. */
  private CodePoints character(boolean negated) {
    int c = source.codePointAt(at);
    at += Character.charCount(c);
    if (c != '\\') {
      return one(c);
    }
    if (at >= source.length()) {
      throw bad("\\ escapes nothing");
    }
    int escaped = source.codePointAt(at);
    at += Character.charCount(escaped);
    return switch (escaped) {
      case 'd' -> DIGITS;
      case 'D' -> DIGITS.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> negated ? ANY_SPACE : SPACE;
      case 'S' -> (negated ? SPACE : ANY_SPACE).not();
      case 'n' -> one('\n');
      case 'r' -> one('\r');
      case 't' -> one('\t');
      case 'f' -> one('\f');
      case 'x' -> one(hexadecimal(2));
      case 'u' -> one(hexadecimal(4));
      default -> {
        if (Character.isLetterOrDigit(escaped)) {
          at -= Character.charCount(escaped);
          throw bad("\\" + Character.toString(escaped) + " is not supported");
        }
        yield one(escaped);
      }
    };
  }

  private CodePoints one(int codePoint) {
    CodePoints set = CodePoints.range(codePoint, codePoint);
    if (set.isEmpty()) {
      throw bad("half a character (surrogate) cannot be matched");
    }
    return set;
  }

  private int hexadecimal(int digits) {
    String number = source.substring(at, Math.min(end, at + digits));
    if (!number.matches("[0-9A-Fa-f]{" + digits + "}")) {
      throw bad("an escape needs " + digits + " hexadecimal digits");
    }
    at += digits;
    return Integer.parseInt(number, 16);
  }

  private IllegalArgumentException bad(String why) {
    String message =
        String.format(
            Locale.ROOT, "regular expression, character %d: %s, got %s", at + 1, why, source);
    return new IllegalArgumentException(JsonText.line(message));
  }
}
