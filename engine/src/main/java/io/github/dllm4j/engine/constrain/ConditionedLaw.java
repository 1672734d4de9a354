package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.denoise.HeapLaws;
import java.util.Arrays;
import java.util.List;

/**
 * The product of the laws of the holes, conditioned on the text being accepted. With W_i(s, t) the
 * weight of all tokens at place i that lead from state s to t ({@link HoleLaw}),
 *
 * <pre>
 * b_n(s) = 1 if the text may end in s, else 0
 * b_i(s) = sum over t of W_i(s, t) b_{i+1}(t)                     what is left can be accepted
 * p(token v at i | state s) = w_i(v) b_{i+1}(next(s, v)) / b_i(s)
 * </pre>
 *
 * which is the hidden Markov model's forward-backward recursion (L. Rabiner, A tutorial on hidden
 * Markov models, 1989) with the passes in the order that suits an automaton that is deterministic
 * from left to right: filter from the end, draw from the start. The tokens multiply to exactly the
 * conditioned law; nothing is renormalised step by step. After the end of the text all is padding
 * with weight 1, so the law is that of the text, summed over whatever else the holes could hold.
 *
 * <p>Sums keep their exponents apart, so nothing underflows. Cost: O(holes * (tokens of the blocks
 * in reach + moves of the states in reach)), twice that where memory is scarce ({@link Backward}).
 */
final class ConditionedLaw {
  private final TokenAutomaton automaton;
  private final Lattice lattice;
  private final List<HoleLaw> laws;
  private final Backward<Layer> layers;

  /**
   * What is known before a place.
   *
   * @param mantissas of b, in [1, 2) or 0, [state]
   * @param exponents of b, [state]
   * @param masses of the blocks at the hole, 0 if not needed, [block]
   * @param powers of two that go with the masses, [block]
   */
  private record Layer(double[] mantissas, long[] exponents, double[] masses, long[] powers) {}

  /**
   * Filters.
   *
   * @param laws of the holes
   */
  ConditionedLaw(TokenAutomaton automaton, Lattice lattice, List<HoleLaw> laws) {
    this.automaton = automaton;
    this.lattice = lattice;
    this.laws = laws;
    int states = automaton.states();
    Layer last = new Layer(new double[states], new long[states], new double[0], new long[0]);
    for (int state : lattice.layer(lattice.length())) {
      last.mantissas[state] = automaton.accepts(state) ? 1 : 0;
    }
    layers = new Backward<>(lattice.length(), states + automaton.blockCount(), last, this::filter);
  }

  private Layer filter(int place, Layer after) {
    int states = automaton.states();
    int blocks = lattice.isHole(place) ? automaton.blockCount() : 0;
    Layer layer =
        new Layer(new double[states], new long[states], new double[blocks], new long[blocks]);
    for (int state : lattice.layer(place)) {
      if (!lattice.isHole(place)) {
        copy(layer, state, after, lattice.kept(place, state));
      } else if (state == automaton.end()) {
        copy(layer, state, after, state);
      } else {
        sum(place, layer, state, after);
      }
    }
    return layer;
  }

  private static void copy(Layer layer, int state, Layer after, int target) {
    if (target >= 0) {
      layer.mantissas[state] = after.mantissas[target];
      layer.exponents[state] = after.exponents[target];
    }
  }

  private void sum(int place, Layer layer, int state, Layer after) {
    long top = top(place, layer, state, after);
    double total = 0;
    for (int m = 0; m < automaton.targets(state).length; m++) {
      total += weight(layer, state, m, after, top);
    }
    if (total > 0) {
      int exponent = Math.getExponent(total);
      layer.mantissas[state] = Math.scalb(total, -exponent);
      layer.exponents[state] = top + exponent;
    }
  }

  /** The largest exponent of some moves that are not impossible; sums up their blocks. */
  private long top(int place, Layer layer, int state, Layer after) {
    long top = Long.MIN_VALUE;
    for (int m = 0; m < automaton.targets(state).length; m++) {
      int target = automaton.targets(state)[m];
      if (after.mantissas[target] > 0) {
        int block = automaton.blocks(state)[m];
        if (layer.masses[block] == 0) {
          HoleLaw law = laws.get(lattice.hole(place));
          layer.powers[block] = law.exponent(automaton.tokens(block));
          layer.masses[block] = mass(law, automaton.tokens(block), layer.powers[block]);
        }
        top = Math.max(top, layer.powers[block] + after.exponents[target]);
      }
    }
    return top;
  }

  private static double mass(HoleLaw law, int[] tokens, long exponent) {
    double mass = 0;
    for (int token : tokens) {
      mass += law.weight(token, exponent);
    }
    return mass;
  }

  /** W_i(s, t) b_{i+1}(t) of a move, without 2^top. */
  private double weight(Layer layer, int state, int move, Layer after, long top) {
    int target = automaton.targets(state)[move];
    double mantissa = after.mantissas[target];
    if (mantissa == 0) {
      return 0;
    }
    int block = automaton.blocks(state)[move];
    long down = layer.powers[block] + after.exponents[target] - top;
    return layer.masses[block]
        * (down == 0 ? mantissa : Math.scalb(mantissa, (int) Math.max(down, -10_000)));
  }

  /**
   * How likely each move from a state is at a hole, up to a factor.
   *
   * @param place of a hole
   * @param state that can be accepted from there, not the end
   * @return beside the state's targets
   */
  double[] moves(int place, int state) {
    Layer layer = layers.at(place);
    Layer after = layers.at(place + 1);
    long top = top(place, layer, state, after);
    double[] weights = new double[automaton.targets(state).length];
    Arrays.setAll(weights, m -> weight(layer, state, m, after, top));
    return weights;
  }

  /** How likely each token of a block is at a hole if it is one of them, up to a factor. */
  double[] within(int place, int block) {
    HoleLaw law = laws.get(lattice.hole(place));
    int[] tokens = automaton.tokens(block);
    long exponent = law.exponent(tokens);
    return Arrays.stream(tokens).mapToDouble(v -> law.weight(v, exponent)).toArray();
  }

  /**
   * The token at a hole by inverse CDF over the moves' tokens in their order: first the move, then
   * with what the uniform number is above the moves before it the token within.
   *
   * @param uniform in [0, 1)
   */
  int draw(int place, int state, double uniform) {
    if (state == automaton.end()) {
      return automaton.filler();
    }
    double[] weights = moves(place, state);
    double threshold = uniform * Arrays.stream(weights).sum();
    int move = HeapLaws.draw(weights, uniform);
    for (int m = 0; m < move; m++) {
      threshold -= weights[m];
    }
    double rest = Math.max(0, Math.min(threshold / weights[move], Math.nextDown(1.0)));
    int block = automaton.blocks(state)[move];
    return automaton.tokens(block)[HeapLaws.draw(within(place, block), rest)];
  }

  /** The logarithm of the probability that the text is accepted, nats. */
  double logAcceptance() {
    Layer first = layers.at(0);
    return Math.log(first.mantissas[0]) + first.exponents[0] * Math.log(2);
  }
}
