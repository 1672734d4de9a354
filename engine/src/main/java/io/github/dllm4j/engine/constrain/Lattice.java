package io.github.dllm4j.engine.constrain;

import java.util.Arrays;

/**
 * The states that a stretch of a canvas can be in before each of its tokens and after the last,
 * whatever stands in the holes.
 */
final class Lattice {
  private final TokenAutomaton automaton;
  private final int[] tokens; // of the stretch
  private final int[] holeAt; // index of the hole at each place, or -1
  private final int[][] layers; // states before each place and after the last, [length + 1]

  /**
   * Follows all ways through a stretch.
   *
   * @param tokens of the whole canvas
   * @param holes its positions that are open, ascending
   * @param from first position of the stretch
   * @param to position after its last
   */
  Lattice(TokenAutomaton automaton, int[] tokens, int[] holes, int from, int to) {
    this.automaton = automaton;
    this.tokens = Arrays.copyOfRange(tokens, from, to);
    holeAt = new int[to - from];
    Arrays.fill(holeAt, -1);
    for (int h = 0; h < holes.length; h++) {
      holeAt[holes[h] - from] = h;
    }
    layers = new int[holeAt.length + 1][];
    layers[0] = new int[] {0};
    boolean[] seen = new boolean[automaton.states()];
    int[] buffer = new int[automaton.states()];
    for (int i = 0; i < holeAt.length; i++) {
      int count = 0;
      for (int state : layers[i]) {
        for (int target : targets(i, state)) {
          if (target >= 0 && !seen[target]) {
            seen[target] = true;
            buffer[count++] = target;
          }
        }
      }
      layers[i + 1] = Arrays.copyOf(buffer, count);
      for (int state : layers[i + 1]) {
        seen[state] = false;
      }
    }
  }

  private int[] targets(int place, int state) {
    if (!isHole(place)) {
      return new int[] {kept(place, state)};
    }
    return state == automaton.end() ? new int[] {state} : automaton.targets(state);
  }

  int length() {
    return holeAt.length;
  }

  boolean isHole(int place) {
    return holeAt[place] >= 0;
  }

  /** Which of the holes is at a place. */
  int hole(int place) {
    return holeAt[place];
  }

  /** The states before a place. */
  int[] layer(int place) {
    return layers[place];
  }

  /** The state after the token that is kept at a place, or -1. */
  int kept(int place, int state) {
    return automaton.next(state, tokens[place]);
  }

  /** Whether some way ends where the text may end. */
  boolean isOpen() {
    return Arrays.stream(layers[length()]).anyMatch(automaton::accepts);
  }
}
