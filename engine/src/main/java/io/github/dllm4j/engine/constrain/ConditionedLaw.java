package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.denoise.HeapLaws;
import java.util.Arrays;

/**
 * The product of the laws of the holes, conditioned on the text being accepted. With W_i(s, t) the
 * probability that the token at place i leads from state s to t,
 *
 * <pre>
 * b_n(s) = 1 if the text may end in s, else 0
 * b_i(s) = sum over t of W_i(s, t) b_{i+1}(t)                     what is left can be accepted
 * p(token v at i | state s) = p_i(v) b_{i+1}(next(s, v)) / b_i(s)
 * </pre>
 *
 * which is the hidden Markov model's forward-backward recursion (L. Rabiner, A tutorial on hidden
 * Markov models, 1989) with the passes in the order that suits an automaton that is deterministic
 * from left to right: filter from the end, draw from the start. The tokens multiply to exactly the
 * conditioned law; nothing is renormalised step by step. After the end of the text all is padding
 * with weight 1, so the law is that of the text, summed over whatever else the holes could hold.
 *
 * <p>Sums keep their exponents apart, so nothing underflows. A token of probability below 1e-300,
 * or 0, counts as 1e-300: it only comes where nothing else is accepted. Cost: O(holes * (tokens of
 * the blocks in reach + moves of the states in reach)).
 */
final class ConditionedLaw {
  private static final double LEAST = 1e-300;

  private final TokenAutomaton automaton;
  private final Lattice lattice;
  private final double[][] laws;
  private final double[][] mantissas; // of b, in [1, 2) or 0, [place][state]
  private final int[][] exponents; // of b, [place][state]
  private final double[][] masses; // of the blocks at each hole, 0 if not needed, [place][block]

  /**
   * Filters.
   *
   * @param laws of the holes, [holes][vocabulary]
   */
  ConditionedLaw(TokenAutomaton automaton, Lattice lattice, double[][] laws) {
    this.automaton = automaton;
    this.lattice = lattice;
    this.laws = laws;
    int places = lattice.length();
    mantissas = new double[places + 1][automaton.states()];
    exponents = new int[places + 1][automaton.states()];
    masses = new double[places][];
    for (int state : lattice.layer(places)) {
      mantissas[places][state] = automaton.accepts(state) ? 1 : 0;
    }
    for (int place = places - 1; place >= 0; place--) {
      filter(place);
    }
  }

  private void filter(int place) {
    masses[place] = new double[lattice.isHole(place) ? automaton.blockCount() : 0];
    for (int state : lattice.layer(place)) {
      if (!lattice.isHole(place)) {
        copy(place, state, lattice.kept(place, state));
      } else if (state == automaton.end()) {
        copy(place, state, state);
      } else {
        sum(place, state);
      }
    }
  }

  private void copy(int place, int state, int target) {
    if (target >= 0) {
      mantissas[place][state] = mantissas[place + 1][target];
      exponents[place][state] = exponents[place + 1][target];
    }
  }

  private void sum(int place, int state) {
    int top = top(place + 1, automaton.targets(state));
    double total = 0;
    for (int m = 0; m < automaton.targets(state).length; m++) {
      total += weight(place, state, m, top);
    }
    if (total > 0) {
      int exponent = Math.getExponent(total);
      mantissas[place][state] = Math.scalb(total, -exponent);
      exponents[place][state] = top + exponent;
    }
  }

  /** The largest exponent of some states that are not impossible. */
  private int top(int place, int[] states) {
    int top = Integer.MIN_VALUE;
    for (int state : states) {
      if (mantissas[place][state] > 0) {
        top = Math.max(top, exponents[place][state]);
      }
    }
    return top;
  }

  /** W_i(s, t) b_{i+1}(t) of a move, without 2^top. */
  private double weight(int place, int state, int move, int top) {
    int target = automaton.targets(state)[move];
    double mantissa = mantissas[place + 1][target];
    if (mantissa == 0) {
      return 0;
    }
    int block = automaton.blocks(state)[move];
    if (masses[place][block] == 0) {
      masses[place][block] = mass(laws[lattice.hole(place)], automaton.tokens(block));
    }
    int down = exponents[place + 1][target] - top;
    double after = down == 0 ? mantissa : Math.scalb(mantissa, down);
    return masses[place][block] * after;
  }

  private static double mass(double[] law, int[] tokens) {
    double mass = 0;
    for (int token : tokens) {
      mass += Math.max(law[token], LEAST);
    }
    return mass;
  }

  /**
   * How likely each move from a state is at a hole, up to a factor.
   *
   * @param place of a hole
   * @param state that can be accepted from there, not the end
   * @return beside the state's targets
   */
  double[] moves(int place, int state) {
    int top = top(place + 1, automaton.targets(state));
    double[] weights = new double[automaton.targets(state).length];
    Arrays.setAll(weights, m -> weight(place, state, m, top));
    return weights;
  }

  /** How likely each token of a block is at a hole if it is one of them, up to a factor. */
  double[] within(int place, int block) {
    double[] law = laws[lattice.hole(place)];
    return Arrays.stream(automaton.tokens(block))
        .mapToDouble(v -> Math.max(law[v], LEAST))
        .toArray();
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
    return Math.log(mantissas[0][0]) + exponents[0][0] * Math.log(2);
  }
}
