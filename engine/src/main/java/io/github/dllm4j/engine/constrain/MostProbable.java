package io.github.dllm4j.engine.constrain;

import java.util.Arrays;
import java.util.List;

/**
 * The most probable accepted text under the product of the laws (A. Viterbi, Error bounds for
 * convolutional codes, 1967): the recursion of {@link ConditionedLaw} with the largest term instead
 * of the sum, in logarithms. The lowest id wins within a block, the first block among equals.
 */
final class MostProbable {
  private final TokenAutomaton automaton;
  private final Lattice lattice;
  private final List<HoleLaw> laws;
  private final Backward<Layer> layers;

  /**
   * What is known before a place.
   *
   * @param best ln of the most probable rest, [state]
   * @param surest token of each block at the hole, -1 if not needed, [block]
   * @param logs ln of its weight, beside surest
   */
  private record Layer(double[] best, int[] surest, double[] logs) {
    static Layer of(int states, int blocks) {
      Layer layer = new Layer(new double[states], new int[blocks], new double[blocks]);
      Arrays.fill(layer.best, Double.NEGATIVE_INFINITY);
      Arrays.fill(layer.surest, -1);
      return layer;
    }
  }

  /**
   * Finds the best ways.
   *
   * @param laws of the holes
   */
  MostProbable(TokenAutomaton automaton, Lattice lattice, List<HoleLaw> laws) {
    this.automaton = automaton;
    this.lattice = lattice;
    this.laws = laws;
    int states = automaton.states();
    Layer last = Layer.of(states, 0);
    for (int state : lattice.layer(lattice.length())) {
      last.best[state] = automaton.accepts(state) ? 0 : Double.NEGATIVE_INFINITY;
    }
    layers = new Backward<>(lattice.length(), states + automaton.blockCount(), last, this::before);
  }

  private Layer before(int place, Layer after) {
    Layer layer = Layer.of(automaton.states(), lattice.isHole(place) ? automaton.blockCount() : 0);
    for (int state : lattice.layer(place)) {
      int only = only(place, state);
      if (only >= 0) {
        layer.best[state] = after.best[only];
      } else if (lattice.isHole(place)) {
        for (int m = 0; m < automaton.targets(state).length; m++) {
          layer.best[state] = Math.max(layer.best[state], way(place, layer, state, m, after));
        }
      }
    }
    return layer;
  }

  /** The state after a place where there is no choice, or -1. */
  private int only(int place, int state) {
    if (lattice.isHole(place)) {
      return state == automaton.end() ? state : -1;
    }
    return lattice.kept(place, state);
  }

  /** ln of the most probable rest that begins with a move. */
  private double way(int place, Layer layer, int state, int move, Layer after) {
    int block = automaton.blocks(state)[move];
    if (layer.surest[block] < 0) {
      HoleLaw law = laws.get(lattice.hole(place));
      layer.surest[block] = surest(law, automaton.tokens(block));
      layer.logs[block] = law.log(layer.surest[block]);
    }
    return layer.logs[block] + after.best[automaton.targets(state)[move]];
  }

  private static int surest(HoleLaw law, int[] tokens) {
    long exponent = law.exponent(tokens);
    int first = tokens[0];
    for (int token : tokens) {
      first = law.weight(token, exponent) > law.weight(first, exponent) ? token : first;
    }
    return first;
  }

  /** The token at a hole of the best way from a state. */
  int token(int place, int state) {
    if (state == automaton.end()) {
      return automaton.filler();
    }
    Layer layer = layers.at(place);
    Layer after = layers.at(place + 1);
    int token = -1;
    double most = Double.NEGATIVE_INFINITY;
    for (int m = 0; m < automaton.targets(state).length; m++) {
      double way = way(place, layer, state, m, after);
      if (way > most) {
        most = way;
        token = layer.surest[automaton.blocks(state)[m]];
      }
    }
    return token;
  }
}
