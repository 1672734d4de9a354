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
    for (double[] layer : best) {
      Arrays.fill(layer, Double.NEGATIVE_INFINITY);
    }
    for (int state : lattice.layer(places)) {
      best[places][state] = automaton.accepts(state) ? 0 : Double.NEGATIVE_INFINITY;
    }
    for (int place = places - 1; place >= 0; place--) {
      double[] known = new double[lattice.isHole(place) ? automaton.blockCount() : 0];
      for (int state : lattice.layer(place)) {
        int only = only(place, state);
        if (only >= 0) {
          best[place][state] = best[place + 1][only];
        } else if (lattice.isHole(place)) {
          largest(place, state, known);
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

  private void largest(int place, int state, double[] known) {
    int[] targets = automaton.targets(state);
    int[] blocks = automaton.blocks(state);
    for (int m = 0; m < targets.length; m++) {
      if (known[blocks[m]] == 0) {
        known[blocks[m]] = weight(place, surest(place, blocks[m]));
      }
      double way = Math.log(known[blocks[m]]) + best[place + 1][targets[m]];
      best[place][state] = Math.max(best[place][state], way);
    }
  }

  private double weight(int place, int token) {
    return Math.max(laws[lattice.hole(place)][token], LEAST);
  }

  private int surest(int place, int block) {
    int surest = -1;
    for (int token : automaton.tokens(block)) {
      surest = surest < 0 || weight(place, token) > weight(place, surest) ? token : surest;
    }
    return surest;
  }

  /** The token at a hole of the best way from a state. */
  int token(int place, int state) {
    if (state == automaton.end()) {
      return automaton.filler();
    }
    int[] targets = automaton.targets(state);
    int[] blocks = automaton.blocks(state);
    int token = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int m = 0; m < targets.length; m++) {
      int candidate = surest(place, blocks[m]);
      double way = Math.log(weight(place, candidate)) + best[place + 1][targets[m]];
      if (way > most) {
        most = way;
        token = candidate;
      }
    }
    return token;
  }
}
