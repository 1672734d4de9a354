package io.github.dllm4j.engine.constrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** From bytes to tokens: for every state and every token, where its bytes lead. */
class TokenAutomatonTest {
  static Tokenizer bundled() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            Constraint.class.getResourceAsStream(
                "/io/github/dllm4j/engine/bundled/tokenizer.json"))) {
      return Tokenizers.load(in);
    }
  }

  private static void check(Constraint constraint, Tokenizer tokenizer, int width) {
    TokenAutomaton automaton = new TokenAutomaton(constraint, tokenizer, width);
    Dfa dfa = constraint.dfa();
    int end = tokenizer.vocabulary().end().orElse(-1);
    byte[][] bytes = new byte[tokenizer.vocabulary().size()][];
    Arrays.setAll(bytes, tokenizer::bytes);
    for (int state = 0; state < dfa.states(); state++) {
      int[] moves = new int[bytes.length];
      Arrays.fill(moves, -1);
      for (int m = 0; m < automaton.targets(state).length; m++) {
        for (int token : automaton.tokens(automaton.blocks(state)[m])) {
          assertEquals(-1, moves[token]);
          moves[token] = automaton.targets(state)[m];
        }
      }
      if (automaton.targets(state).length == 0) {
        continue; // no token leads here
      }
      for (int id = 0; id < bytes.length; id++) {
        int target = bytes[id].length == 0 || id >= width ? -1 : dfa.next(state, bytes[id]);
        target = id == end && id < width && dfa.accepts(state) ? automaton.end() : target;
        if (target != moves[id] || target != automaton.next(state, id)) {
          fail(tokenizer.token(id) + " leads from " + state + " to " + moves[id]);
        }
      }
    }
    assertEquals(-1, automaton.next(automaton.end(), 0));
  }

  @Test
  void tokensLeadWhereTheirBytesDo() throws IOException {
    Constraint json =
        Constraint.jsonSchema(
            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":8},"
                + "\"age\":{\"type\":\"integer\",\"minimum\":7,\"maximum\":140}}}");
    try (Tokenizer tokenizer = bundled()) {
      check(json, tokenizer, tokenizer.vocabulary().size());
      check(json, tokenizer, 1000);
      check(Constraint.regex(".*"), tokenizer, tokenizer.vocabulary().size());
    }
    try (Tokenizer tokenizer = Tokenizers.bytes()) {
      check(json, tokenizer, tokenizer.vocabulary().size());
    }
    check(Constraint.regex("(ab|é)*"), SpeltTokenizer.of(2, "a", "ab", "b", "é", "bé", "ab"), 9);
  }

  /** The states that count the characters of a string share their blocks. */
  @Test
  void countingStatesShareTheirBlocks() throws IOException {
    try (Tokenizer tokenizer = bundled()) {
      int width = tokenizer.vocabulary().size();
      int few =
          new TokenAutomaton(Constraint.regex("\"[^\"]{0,40}\""), tokenizer, width).blockCount();
      int many =
          new TokenAutomaton(Constraint.regex("\"[^\"]{0,80}\""), tokenizer, width).blockCount();
      assertEquals(few, many);
    }
  }

  /** What a cache of automata keeps: with the states over bytes and what the tokens spell. */
  @Test
  void memoryIsThatOfAllThatIsKept() throws IOException {
    try (Tokenizer tokenizer = bundled()) {
      int width = tokenizer.vocabulary().size();
      long small = new TokenAutomaton(Constraint.regex("a"), tokenizer, width).bytes();
      assertTrue(small > 24L * width && small < 80L * width, small + " for " + width + " tokens");
      // 20,000 states over bytes that few tokens reach.
      Constraint counted = Constraint.regex("(ab){0,10000}");
      Tokenizer few = SpeltTokenizer.of(1, "c", "a");
      long states = 4L * counted.dfa().states();
      assertTrue(new TokenAutomaton(counted, few, 4).bytes() > 3 * states);
    }
  }

  @Test
  void tokensThatAreNoBytesAreRefused() {
    Tokenizer words =
        (Tokenizer)
            java.lang.reflect.Proxy.newProxyInstance(
                Tokenizer.class.getClassLoader(),
                new Class<?>[] {Tokenizer.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("vocabulary")) {
                    return SpeltTokenizer.of(0, "a").vocabulary();
                  }
                  throw new UnsupportedOperationException("tokens of kind other are not bytes");
                });
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new TokenAutomaton(Constraint.regex("a"), words, 2));
    assertTrue(String.valueOf(e.getMessage()).contains("not bytes"));
  }
}
