package io.github.dllm4j.engine.constrain;

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

  /**
   * What may come next.
   *
   * @param tokens ids
   * @param weights in proportion to their probabilities, beside the tokens
   */
  record Row(int[] tokens, double[] weights) {}

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
    for (int state : lattice.layer(places)) {
      mantissas[places][state] = automaton.accepts(state) ? 1 : 0;
    }
    for (int place = places - 1; place >= 0; place--) {
      filter(place);
    }
  }

  private void filter(int place) {
    double[] masses = new double[lattice.isHole(place) ? automaton.blockCount() : 0];
    for (int state : lattice.layer(place)) {
      if (!lattice.isHole(place)) {
        copy(place, state, lattice.kept(place, state));
      } else if (state == automaton.end()) {
        copy(place, state, state);
      } else {
        sum(place, state, masses);
      }
    }
  }

  private void copy(int place, int state, int target) {
    if (target >= 0) {
      mantissas[place][state] = mantissas[place + 1][target];
      exponents[place][state] = exponents[place + 1][target];
    }
  }

  private void sum(int place, int state, double[] masses) {
    int[] targets = automaton.targets(state);
    int[] blocks = automaton.blocks(state);
    int top = top(place + 1, targets);
    double total = 0;
    for (int m = 0; m < targets.length; m++) {
      if (mantissas[place + 1][targets[m]] > 0) {
        if (masses[blocks[m]] == 0) {
          masses[blocks[m]] = mass(laws[lattice.hole(place)], automaton.tokens(blocks[m]));
        }
        total += masses[blocks[m]] * scaled(place + 1, targets[m], top);
      }
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

  private double scaled(int place, int state, int top) {
    int down = exponents[place][state] - top;
    return down == 0 ? mantissas[place][state] : Math.scalb(mantissas[place][state], down);
  }

  private static double mass(double[] law, int[] tokens) {
    double mass = 0;
    for (int token : tokens) {
      mass += Math.max(law[token], LEAST);
    }
    return mass;
  }

  /**
   * The law of the token at a hole, given the state before it.
   *
   * @param place of a hole
   * @param state that can be accepted from there
   */
  Row row(int place, int state) {
    if (state == automaton.end()) {
      return new Row(new int[] {automaton.filler()}, new double[] {1});
    }
    double[] law = laws[lattice.hole(place)];
    int[] targets = automaton.targets(state);
    int[] blocks = automaton.blocks(state);
    int size = 0;
    for (int m = 0; m < targets.length; m++) {
      size += mantissas[place + 1][targets[m]] > 0 ? automaton.tokens(blocks[m]).length : 0;
    }
    int top = top(place + 1, targets);
    Row row = new Row(new int[size], new double[size]);
    int next = 0;
    for (int m = 0; m < targets.length; m++) {
      if (mantissas[place + 1][targets[m]] > 0) {
        double after = scaled(place + 1, targets[m], top);
        for (int token : automaton.tokens(blocks[m])) {
          row.tokens[next] = token;
          row.weights[next++] = Math.max(law[token], LEAST) * after;
        }
      }
    }
    return row;
  }

  /** The logarithm of the probability that the text is accepted, nats. */
  double logAcceptance() {
    return Math.log(mantissas[0][0]) + exponents[0][0] * Math.log(2);
  }
}
