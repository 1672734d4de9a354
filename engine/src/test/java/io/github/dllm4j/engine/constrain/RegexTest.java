package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Regular expressions accept what the JDK's do. */
class RegexTest {
  private static final String[] ATOMS = {
    "a", "b", "é", "€", "😀", ".", "[ab]", "[^a]", "[a-é]", "[^é-€]", "\\d", "\\w", "\\S", "\\x61",
    "[\\d€]"
  };
  private static final String[] LETTERS = {"a", "b", "é", "€", "😀", "7", "\n"};

  /** A random expression from the keyed stream of a case. */
  private static final class Grower {
    private final int sample;
    private int used;

    Grower(int sample) {
      this.sample = sample;
    }

    int below(int bound) {
      return (int) (bound * KeyedRandom.uniform(7, sample, 0, used++, Purpose.OTHER));
    }

    String grow(int depth) {
      return switch (depth == 0 ? 0 : below(6)) {
        case 0 -> ATOMS[below(ATOMS.length)];
        case 1 -> "(" + grow(depth - 1) + "|" + grow(depth - 1) + ")";
        case 2 -> "(?:" + grow(depth - 1) + ")" + new String[] {"*", "+", "?"}[below(3)];
        case 3 -> "(" + grow(depth - 1) + "){" + below(2) + "," + (1 + below(3)) + "}";
        default -> grow(depth - 1) + grow(depth - 1);
      };
    }
  }

  private static List<String> words(int longest) {
    List<String> words = new ArrayList<>(List.of(""));
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.codePointCount(0, word.length()) < longest) {
        for (String letter : LETTERS) {
          words.add(word + letter);
        }
      }
    }
    return words;
  }

  @Test
  void acceptsWhatTheJdkAccepts() {
    List<String> words = words(4);
    int accepted = 0;
    for (int i = 0; i < 150; i++) {
      String source = new Grower(i).grow(3);
      Pattern reference = Pattern.compile(source);
      Constraint ours = Constraint.regex(source);
      for (String word : words) {
        boolean expected = reference.matcher(word).matches();
        accepted += expected ? 1 : 0;
        assertEquals(expected, ours.accepts(word), source + " on " + word);
      }
    }
    assertTrue(accepted > 5_000, "only " + accepted);
  }

  @ParameterizedTest
  @CsvSource({
    "(a|b)*abb, 4",
    "a{3}, 4",
    "'a{0,7}', 8",
    "(aa|aaa)*, 3",
    "(ab|ac|bb|bc), 3",
    "x*x*x*, 1",
    "'(foo|fo)(o|oo)?', 6"
  })
  void theAutomatonIsTheSmallest(String source, int states) {
    assertEquals(states, Dfa.of(RegexParser.parse(source).expression(), new Budget()).states());
  }

  @Test
  void sequencesOfBytesAreExactlyTheCodePoints() {
    int[] marks = {
      0, 'a', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x12345, 0x10FFFF
    };
    for (int first : marks) {
      for (int last : marks) {
        CodePoints set = CodePoints.range(first, last);
        if (first > last || set.isEmpty()) {
          continue;
        }
        Dfa dfa = Dfa.of(new Expression.Symbol(set), new Budget());
        for (int c = 0; c <= Character.MAX_CODE_POINT; c += c % 7 == 0 ? 1 : 1 + c / 50) {
          boolean inside = c >= first && c <= last && !(c >= 0xD800 && c <= 0xDFFF);
          byte[] utf8 = Character.toString(c).getBytes(StandardCharsets.UTF_8);
          if (!(c >= 0xD800 && c <= 0xDFFF)) {
            assertEquals(inside, dfa.accepts(utf8), first + ".." + last + " at " + c);
          }
        }
        assertFalse(dfa.accepts(new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80}), "surrogate");
        assertFalse(dfa.accepts(new byte[] {(byte) 0xC1, (byte) 0x81}), "overlong a");
        assertFalse(dfa.accepts(new byte[] {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80}));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a**",
        "a*?",
        "a++",
        "(",
        "(a",
        "a)",
        "[",
        "[a",
        "[]",
        "[^]",
        "[b-a]",
        "[a-\\d]",
        "[[a]]",
        "[a&&b]",
        "a{2,1}",
        "a{",
        "{2}",
        "*",
        "a{99999}",
        "\\",
        "\\b",
        "\\1",
        "\\p{L}",
        "\\uD800",
        "\\x4",
        "(?=a)",
        "(?<n>a)",
        "a^b",
        "a$b",
        "^a|b$",
        "a|b$",
        "^a|b",
        "^(a)|b$",
        "[!-[b]]",
        "[!-[]",
        "[^ -[a]]"
      })
  void whatIsNotSupportedIsRefusedInOneLine(String source) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Constraint.regex(source));
    String message = String.valueOf(e.getMessage());
    assertTrue(
        message.startsWith("regular expression") && message.contains("got " + source), message);
    assertEquals(1, message.lines().count());
  }

  /** Dialects differ on white space beyond ASCII; it is neither. */
  @Test
  void whiteSpaceBeyondAsciiIsInDoubt() {
    for (String source : List.of("\\s", "[\\s]", "[^\\S]", "\\S", "[\\S]", "[^\\s]", "[^\\sx]")) {
      boolean space = source.equals("\\s") || source.equals("[\\s]") || source.equals("[^\\S]");
      Constraint constraint = Constraint.regex(source);
      assertEquals(space, constraint.accepts(" "), source);
      assertEquals(!space, constraint.accepts("a"), source);
      for (String doubtful : List.of("\u00A0", "\u2003", "\u3000", "\uFEFF")) {
        assertFalse(constraint.accepts(doubtful), source);
      }
    }
  }

  @Test
  void anchorsAtTheEndsSayNothingAboutTheWhole() {
    for (String source : List.of("^ab$", "ab$", "^ab", "ab", "^(ab)$")) {
      assertTrue(Constraint.regex(source).accepts("ab"), source);
      assertFalse(Constraint.regex(source).accepts("xab"), source);
    }
    assertTrue(Constraint.regex("a\\$").accepts("a$"));
    assertTrue(Constraint.regex("a\\\\$").accepts("a\\"));
    assertTrue(Constraint.regex("").accepts(""));
  }

  /** As the message about anchors says. */
  @Test
  void anchorsAroundAGroupAreThoseOfTheWhole() {
    for (String source :
        List.of("^(a|b)$", "^(?:a|b)$", "(a|b)$", "^(a|b)", "^((a|b))$", "^((a)|(b))$")) {
      Constraint constraint = Constraint.regex(source);
      assertTrue(constraint.accepts("a") && constraint.accepts("b"), source);
      assertFalse(constraint.accepts("ab") || constraint.accepts("xa"), source);
    }
    Constraint schema = Constraint.jsonSchema("{\"type\":\"string\",\"pattern\":\"^(yes|no)$\"}");
    assertTrue(schema.accepts("\"yes\"") && schema.accepts("\"no\""));
    assertFalse(schema.accepts("\"yesno\"") || schema.accepts("\"oh no\""));
  }

  /** 10^12 times nothing is nothing, and takes no time. */
  @Test
  void repeatsOfNothingAreNothing() {
    Constraint nothing = Constraint.regex("(((){10000}){10000}){10000}");
    assertTrue(nothing.accepts(""));
    assertFalse(nothing.accepts("a"));
  }

  /** Half a character is not the question mark that Java writes for it. */
  @Test
  void halfCharactersAreNoText() {
    assertTrue(Constraint.regex("\\?").accepts("?"));
    assertFalse(Constraint.regex("\\?").accepts("\uD800"));
    assertFalse(Constraint.regex(".*").accepts("a\uDC00"));
    assertThrows(IllegalArgumentException.class, () -> Constraint.choices(List.of("a", "\uD800")));
  }

  @Test
  void whatIsTooLargeIsRefused() {
    for (String source : List.of("((a{1000}b){1000}c){1000}", "(a|b)*a(a|b){20}")) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> Constraint.regex(source));
      String why = String.valueOf(e.getMessage());
      assertTrue(why.matches("the constraint is too large.* [0-9]{2,3},000.*"), why);
    }
  }

  @Test
  void choicesAreTheirTexts() {
    Constraint constraint = Constraint.choices(List.of("yes", "no", "n*", ""));
    for (String text : List.of("yes", "no", "n*", "")) {
      assertTrue(constraint.accepts(text));
    }
    for (String text : List.of("ye", "nn", "yesno")) {
      assertFalse(constraint.accepts(text));
    }
    assertThrows(IllegalArgumentException.class, () -> Constraint.choices(List.of()));
    assertEquals(Constraint.choices(List.of("a", "b")), Constraint.choices(List.of("a", "b")));
    assertFalse(
        Constraint.choices(List.of("a\", \"b")).equals(Constraint.choices(List.of("a", "b"))));
    assertFalse(constraint.equals(constraint.greedy()));
  }
}
