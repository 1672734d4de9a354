package io.github.dllm4j.engine.constrain;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What making one constraint may take, all its schemas and automata together, as whoever writes it
 * may be a stranger; and the automata of its parts, so that equal parts are made once. All of it is
 * counted, nothing is timed, so a constraint is refused always or never.
 */
final class Budget {
  private static final int MOST_PARTS = 10_000;
  private static final int MOST_CHARACTERS = 500_000;
  private static final long MOST_WORK = 40_000_000; // moves followed by subset constructions
  private static final long MOST_CELLS = 40_000_000; // states times columns that were minimised

  private final Map<List<?>, Expression> automata = new HashMap<>();
  private int parts;
  private long characters;
  private long work;
  private long cells;

  /** Parts of schemas so far, references written out. */
  int parts() {
    return parts;
  }

  /** Counts parts of a schema. */
  void parts(int more, String at) {
    parts = Math.min(parts + more, MOST_PARTS + 1);
    if (parts > MOST_PARTS) {
      throw new IllegalArgumentException(
          JsonText.line(
              String.format(
                  Locale.ROOT,
                  "the schema is too large: it must have at most %,d parts where references are"
                      + " written out, got %,d up to %s",
                  MOST_PARTS,
                  parts,
                  at)));
    }
  }

  /** Counts a text that is to be matched, or a pattern, before anything is made of it. */
  String text(String text) {
    characters += text.length();
    if (characters > MOST_CHARACTERS) {
      throw tooLarge(
          "its texts and patterns must have at most %,d characters, got %,d",
          MOST_CHARACTERS, characters);
    }
    return text;
  }

  /** Counts moves that a subset construction followed, so far with so many states. */
  void work(long more, int states) {
    work += more;
    if (work > MOST_WORK) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the constraint is too large: too many of its parts may be under way at once, to be"
                  + " followed in at most %,d moves, got %,d with %,d states; allow fewer repeats",
              MOST_WORK,
              work,
              states));
    }
  }

  /** Counts the moves of an automaton that is to be minimised. */
  void cells(long more) {
    cells += more;
    if (cells > MOST_CELLS) {
      throw tooLarge(
          "the automata of its parts must have at most %,d moves, got %,d; allow fewer repeats",
          MOST_CELLS, cells);
    }
  }

  private static IllegalArgumentException tooLarge(String why, long most, long got) {
    return new IllegalArgumentException(
        "the constraint is too large: " + String.format(Locale.ROOT, why, most, got));
  }

  /**
   * A part as an automaton.
   *
   * @param key that says all about it
   */
  Expression automaton(List<?> key, Supplier<Dfa> made) {
    Expression known = automata.get(key);
    if (known == null) {
      known = new Expression.Automaton(made.get());
      automata.put(key, known);
    }
    return known;
  }
}
