package io.github.dllm4j.engine.loss;

import java.util.Arrays;
import java.util.Locale;

/**
 * Text whose likelihood is asked for: the last tokens, given the first ones.
 *
 * @param tokens clean ids, [length]; shared, not copied
 * @param given how many first tokens are known and not scored, in [0, length)
 */
public record Passage(int[] tokens, int given) {

  /** Checks that something is scored. */
  public Passage {
    if (given < 0 || given >= tokens.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "given must be in [0, %d), the tokens of the passage, got %d",
              tokens.length,
              given));
    }
  }

  /** A block of which nothing is given. */
  public static Passage of(int... block) {
    return new Passage(block, 0);
  }

  /** A copy of the given tokens, [given]. */
  int[] givenTokens() {
    return Arrays.copyOf(tokens, given);
  }

  /** A copy of the scored tokens, [scored]. */
  int[] scoredTokens() {
    return Arrays.copyOfRange(tokens, given, tokens.length);
  }

  /** How many tokens are scored. */
  public int scored() {
    return tokens.length - given;
  }
}
