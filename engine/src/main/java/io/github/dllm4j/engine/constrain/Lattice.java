package io.github.dllm4j.engine.constrain;

import java.util.Arrays;
import java.util.BitSet;

/**
 * The states that a stretch of a canvas can be in before each of its tokens and after the last,
 * whatever stands in the holes.
 */
final class Lattice {
  private final TokenAutomaton automaton;
  private final int[] tokens; // of the stretch
  private final int[] holeAt; // index of the hole at each place, or -1
  private final BitSet[] layers; // states before each place and after the last, [length + 1]

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
    layers = new BitSet[holeAt.length + 1];
    layers[0] = new BitSet(automaton.states());
    layers[0].set(0);
    for (int i = 0; i < holeAt.length; i++) {
      BitSet next = new BitSet(automaton.states());
      for (int state : layer(i)) {
        for (int target : targets(i, state)) {
          if (target >= 0) {
            next.set(target);
          }
        }
      }
      layers[i + 1] = next;
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

  /** The states before a place, ascending. */
  int[] layer(int place) {
    return layers[place].stream().toArray();
  }

  /** Whether no way leads to a place. */
  boolean isEmpty(int place) {
    return layers[place].isEmpty();
  }

  /** The state after the token that is kept at a place, or -1. */
  int kept(int place, int state) {
    return automaton.next(state, tokens[place]);
  }

  /** Whether some way ends where the text may end. */
  boolean isOpen() {
    return layers[length()].stream().anyMatch(automaton::accepts);
  }
}
