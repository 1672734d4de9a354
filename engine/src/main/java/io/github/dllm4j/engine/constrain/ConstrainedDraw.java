package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Draws the holes of a canvas so that the text is accepted: from the {@link ConditionedLaw}, token
 * by token from the left by inverse CDF in double, or the {@link MostProbable} one.
 */
final class ConstrainedDraw implements JointDraw {
  private final TokenAutomaton automaton;
  private final boolean greedy;
  private final int from;
  private final int to;

  private ConstrainedDraw(TokenAutomaton automaton, boolean greedy, int from, int to) {
    this.automaton = automaton;
    this.greedy = greedy;
    this.from = from;
    this.to = to;
  }

  /** The draws of a canvas; see {@link TokenAutomaton#on}. */
  static ConstrainedDraw of(TokenAutomaton automaton, Canvas canvas, boolean greedy) {
    int[] holes = canvas.holes();
    if (holes.length == 0) {
      throw new IllegalArgumentException("a constraint needs holes to fill, got none");
    }
    int from = holes[0];
    int to = holes[holes.length - 1] + 1;
    Lattice lattice = new Lattice(automaton, canvas.tokens(), holes, from, to);
    for (int place = 0; place < lattice.length(); place++) {
      if (!lattice.isEmpty(place) && lattice.isEmpty(place + 1) && !lattice.isHole(place)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "the text that is kept contradicts the constraint at token %d of the sequence",
                from + place + 1));
      }
    }
    if (!lattice.isOpen()) {
      throw new IllegalArgumentException(misfit(automaton, to - from, holes.length));
    }
    return new ConstrainedDraw(automaton, greedy, from, to);
  }

  private static String misfit(TokenAutomaton automaton, int length, int holes) {
    if (holes < length) {
      return String.format(
          Locale.ROOT,
          "no filling of the %d holes satisfies the constraint together with the text that is kept",
          holes);
    }
    int shortest = shortest(automaton);
    if (shortest < 0) {
      return "no text that the constraint allows can be spelt with the tokenizer's tokens";
    }
    return shortest > length
        ? String.format(
            Locale.ROOT,
            "the constraint needs %d tokens or more, the holes have %d",
            shortest,
            length)
        : String.format(
            Locale.ROOT,
            "no text of exactly %d tokens satisfies the constraint, and the tokenizer has no end"
                + " token to fill up with",
            length);
  }

  /** Tokens of the shortest accepted text, or -1 if tokens spell none. */
  private static int shortest(TokenAutomaton automaton) {
    boolean[] seen = new boolean[automaton.states()];
    seen[0] = true;
    int[] layer = {0};
    for (int length = 0; layer.length > 0; length++) {
      IntStream.Builder next = IntStream.builder();
      for (int state : layer) {
        if (automaton.accepts(state)) {
          return length;
        }
        for (int target : automaton.targets(state)) {
          if (!seen[target]) {
            seen[target] = true;
            next.add(target);
          }
        }
      }
      layer = next.build().toArray();
    }
    return -1;
  }

  /** What the tokens of the holes are drawn from. */
  ConditionedLaw law(int[] tokens, int[] holes, double[][] laws, double temperature, double topP) {
    return new ConditionedLaw(automaton, lattice(tokens, holes), shaped(laws, temperature, topP));
  }

  private static List<HoleLaw> shaped(double[][] laws, double temperature, double topP) {
    return Arrays.stream(laws).map(law -> HoleLaw.of(law, temperature, topP)).toList();
  }

  private Lattice lattice(int[] tokens, int[] holes) {
    return new Lattice(automaton, tokens, holes, from, to);
  }

  @Override
  public int[] draw(
      int[] tokens,
      int[] holes,
      double[][] laws,
      double temperature,
      double topP,
      double[] uniforms) {
    Lattice lattice = lattice(tokens, holes);
    List<HoleLaw> shaped = shaped(laws, temperature, topP);
    int[] drawn = new int[holes.length];
    if (greedy) {
      MostProbable best = new MostProbable(automaton, lattice, shaped);
      fill(lattice, drawn, (place, state, hole) -> best.token(place, state));
    } else {
      ConditionedLaw law = new ConditionedLaw(automaton, lattice, shaped);
      fill(lattice, drawn, (place, state, hole) -> law.draw(place, state, uniforms[hole]));
    }
    return drawn;
  }

  /** Decides the token at a hole. */
  private interface Decision {
    int token(int place, int state, int hole);
  }

  private void fill(Lattice lattice, int[] drawn, Decision decision) {
    int state = 0;
    for (int place = 0; place < lattice.length(); place++) {
      if (lattice.isHole(place)) {
        int hole = lattice.hole(place);
        drawn[hole] = decision.token(place, state, hole);
        state = automaton.next(state, drawn[hole]);
      } else {
        state = lattice.kept(place, state);
      }
    }
  }
}
