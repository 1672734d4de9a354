package io.github.dllm4j.engine.constrain;

import java.util.Arrays;

/**
 * The most probable accepted text under the product of the laws (A. Viterbi, Error bounds for
 * convolutional codes, 1967): the recursion of {@link ConditionedLaw} with the largest term instead
 * of the sum, in logarithms. The lowest id wins within a block, the first block among equals.
 */
final class MostProbable {
  private static final double LEAST = 1e-300;

  private final TokenAutomaton automaton;
  private final Lattice lattice;
  private final double[][] laws;
  private final double[][] best; // ln of the most probable rest, [place][state]
  private final int[][] surest; // token of each block at a hole, -1 if not needed, [place][block]
  private final double[][] logs; // ln of its probability, beside surest

  /**
   * Finds the best ways.
   *
   * @param laws of the holes, [holes][vocabulary]
   */
  MostProbable(TokenAutomaton automaton, Lattice lattice, double[][] laws) {
    this.automaton = automaton;
    this.lattice = lattice;
    this.laws = laws;
    int places = lattice.length();
    best = new double[places + 1][automaton.states()];
    surest = new int[places][];
    logs = new double[places][];
    for (double[] layer : best) {
      Arrays.fill(layer, Double.NEGATIVE_INFINITY);
    }
    for (int state : lattice.layer(places)) {
      best[places][state] = automaton.accepts(state) ? 0 : Double.NEGATIVE_INFINITY;
    }
    for (int place = places - 1; place >= 0; place--) {
      surest[place] = new int[lattice.isHole(place) ? automaton.blockCount() : 0];
      Arrays.fill(surest[place], -1);
      logs[place] = new double[surest[place].length];
      for (int state : lattice.layer(place)) {
        int only = only(place, state);
        if (only >= 0) {
          best[place][state] = best[place + 1][only];
        } else if (lattice.isHole(place)) {
          for (int m = 0; m < automaton.targets(state).length; m++) {
            best[place][state] = Math.max(best[place][state], way(place, state, m));
          }
        }
      }
    }
  }

  /** The state after a place where there is no choice, or -1. */
  private int only(int place, int state) {
    if (lattice.isHole(place)) {
      return state == automaton.end() ? state : -1;
    }
    return lattice.kept(place, state);
  }

  /** ln of the most probable rest that begins with a move. */
  private double way(int place, int state, int move) {
    int block = automaton.blocks(state)[move];
    if (surest[place][block] < 0) {
      surest[place][block] = surest(place, automaton.tokens(block));
      logs[place][block] = Math.log(weight(place, surest[place][block]));
    }
    return logs[place][block] + best[place + 1][automaton.targets(state)[move]];
  }

  private double weight(int place, int token) {
    return Math.max(laws[lattice.hole(place)][token], LEAST);
  }

  private int surest(int place, int[] tokens) {
    int first = tokens[0];
    for (int token : tokens) {
      first = weight(place, token) > weight(place, first) ? token : first;
    }
    return first;
  }

  /** The token at a hole of the best way from a state. */
  int token(int place, int state) {
    if (state == automaton.end()) {
      return automaton.filler();
    }
    int token = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int m = 0; m < automaton.targets(state).length; m++) {
      double way = way(place, state, m);
      if (way > most) {
        most = way;
        token = surest[place][automaton.blocks(state)[m]];
      }
    }
    return token;
  }
}
