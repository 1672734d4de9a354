package io.github.dllm4j.engine.constrain;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** A regular set of texts, as a tree. */
sealed interface Expression {
  /** The empty text. */
  Expression EMPTY = new Sequence(List.of());

  /** One code point of a set. */
  record Symbol(CodePoints set) implements Expression {}

  /** One after the other. */
  record Sequence(List<Expression> parts) implements Expression {
    /** Copies the parts. */
    public Sequence {
      parts = List.copyOf(parts);
    }
  }

  /** Any one of them; none is the empty set of texts. */
  record Choice(List<Expression> options) implements Expression {
    /** Copies the options. */
    public Choice {
      options = List.copyOf(options);
    }
  }

  /**
   * Again and again.
   *
   * @param least at least 0
   * @param most at least {@code least}, or {@link #UNBOUNDED}
   */
  record Repeat(Expression body, int least, int most) implements Expression {
    /** No limit. */
    static final int UNBOUNDED = -1;
  }

  /**
   * Members in their order, with commas between those that are there.
   *
   * @param members any number, none too
   */
  record Members(List<Member> members) implements Expression {
    /** Copies the members. */
    public Members {
      members = List.copyOf(members);
    }
  }

  /** One that may or must be there. */
  record Member(Expression text, boolean needed) {}

  /** What an automaton accepts. */
  record Automaton(Dfa dfa) implements Expression {}

  /**
   * A text.
   *
   * @throws IllegalArgumentException if it has half a character, which no UTF-8 can write
   */
  static Expression text(String text) {
    if (!isWritable(text)) {
      throw new IllegalArgumentException(
          JsonText.line("half a character (surrogate) cannot be written, got " + text));
    }
    return new Sequence(
        text.codePoints().mapToObj(c -> (Expression) new Symbol(CodePoints.range(c, c))).toList());
  }

  /** Whether a text can be written in UTF-8: whether it has no half characters. */
  static boolean isWritable(String text) {
    return StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /** One after the other. */
  static Expression sequence(Expression... parts) {
    return new Sequence(Arrays.asList(parts));
  }

  /** Any one of them. */
  static Expression choice(Expression... options) {
    return new Choice(Arrays.asList(options));
  }

  /** Once or not at all. */
  static Expression optional(Expression body) {
    return new Repeat(body, 0, 1);
  }
}
