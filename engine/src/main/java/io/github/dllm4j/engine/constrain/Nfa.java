package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.constrain.Expression.Automaton;
import io.github.dllm4j.engine.constrain.Expression.Choice;
import io.github.dllm4j.engine.constrain.Expression.Member;
import io.github.dllm4j.engine.constrain.Expression.Members;
import io.github.dllm4j.engine.constrain.Expression.Repeat;
import io.github.dllm4j.engine.constrain.Expression.Sequence;
import io.github.dllm4j.engine.constrain.Expression.Symbol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An expression as a nondeterministic automaton over the bytes of UTF-8 (K. Thompson, Regular
 * expression search algorithm, CACM 1968), built from its end, so that every part knows where it
 * goes on. A repeat {m,n} is written out; all its optional copies leave to the same place.
 */
final class Nfa {
  private static final int MOST_STATES = 500_000;

  /** First byte, last byte, target; the first byte of a move without a byte is {@link #FREE}. */
  private static final int[][] NO_EDGES = {};

  private static final int FREE = -1;
  private final List<int[][]> edges = new ArrayList<>(); // by state
  private final int accepting;
  private final int start;

  private Nfa(Expression expression) {
    accepting = state();
    start = build(expression, accepting);
  }

  /**
   * The automaton of an expression.
   *
   * @throws IllegalArgumentException if it would have more than 500,000 states
   */
  static Nfa of(Expression expression) {
    return new Nfa(expression);
  }

  int states() {
    return edges.size();
  }

  int start() {
    return start;
  }

  int accepting() {
    return accepting;
  }

  /** The moves from a state: first byte, last byte, target; see {@link #isFree}. */
  int[][] edges(int state) {
    return edges.get(state);
  }

  /** Whether a move reads nothing. */
  static boolean isFree(int[] edge) {
    return edge[0] == FREE;
  }

  private int state(int[]... moves) {
    if (edges.size() == MOST_STATES) {
      throw new IllegalArgumentException(
          "the constraint is too large: it needs more than 500,000 states; allow fewer repeats");
    }
    edges.add(moves);
    return edges.size() - 1;
  }

  private static int[] free(int target) {
    return new int[] {FREE, FREE, target};
  }

  private int build(Expression expression, int next) {
    if (expression instanceof Symbol symbol) {
      return symbol(symbol.set(), next);
    } else if (expression instanceof Sequence sequence) {
      int state = next;
      for (int i = sequence.parts().size() - 1; i >= 0; i--) {
        state = build(sequence.parts().get(i), state);
      }
      return state;
    } else if (expression instanceof Choice choice) {
      return state(choice.options().stream().map(o -> free(build(o, next))).toArray(int[][]::new));
    } else if (expression instanceof Repeat repeat) {
      return repeat(repeat, next);
    }
    return expression instanceof Members members
        ? members(members.members(), next)
        : automaton(((Automaton) expression).dfa(), next);
  }

  /** Before each member are two states: nothing is there yet, or something that a comma follows. */
  private int members(List<Member> members, int next) {
    int none = next;
    int some = next;
    for (int i = members.size() - 1; i >= 0; i--) {
      int begin = build(members.get(i).text(), some);
      int[] comma = {',', ',', begin};
      if (members.get(i).needed()) {
        none = begin;
        some = state(comma);
      } else {
        none = state(free(begin), free(none));
        some = state(comma, free(some));
      }
    }
    return none;
  }

  private int symbol(CodePoints set, int next) {
    List<int[]> starts = new ArrayList<>();
    for (int r = 0; r < set.ranges(); r++) {
      Utf8.sequences(
          set.first(r),
          set.last(r),
          bytes -> {
            int target = next;
            for (int i = bytes.length - 2; i > 0; i -= 2) {
              target = state(new int[] {bytes[i], bytes[i + 1], target});
            }
            starts.add(new int[] {bytes[0], bytes[1], target});
          });
    }
    return state(starts.toArray(int[][]::new));
  }

  private int repeat(Repeat repeat, int next) {
    int entry = next;
    if (repeat.most() == Repeat.UNBOUNDED) {
      entry = state(NO_EDGES);
      edges.set(entry, new int[][] {free(next), free(build(repeat.body(), entry))});
    }
    for (int i = repeat.least(); i < repeat.most(); i++) {
      entry = state(free(next), free(build(repeat.body(), entry)));
    }
    for (int i = 0; i < repeat.least(); i++) {
      int before = states();
      entry = build(repeat.body(), entry);
      if (states() == before) {
        return entry; // a body of nothing but the empty text, which no repeat changes
      }
    }
    return entry;
  }

  private int automaton(Dfa dfa, int next) {
    int first = states();
    for (int s = 0; s < dfa.states(); s++) {
      state(NO_EDGES);
    }
    for (int s = 0; s < dfa.states(); s++) {
      List<int[]> moves = new ArrayList<>();
      for (int b = 0; b < 256; b++) {
        int target = dfa.next(s, b);
        int last = moves.size() - 1;
        if (target >= 0
            && last >= 0
            && moves.get(last)[1] == b - 1
            && moves.get(last)[2] == first + target) {
          moves.get(last)[1] = b;
        } else if (target >= 0) {
          moves.add(new int[] {b, b, first + target});
        }
      }
      if (dfa.accepts(s)) {
        moves.add(free(next));
      }
      edges.set(first + s, moves.toArray(int[][]::new));
    }
    return dfa.states() == 0 ? state(NO_EDGES) : first;
  }

  /** Bytes that no move tells apart: the class of each byte, [256]. */
  int[] byteClasses() {
    boolean[] begins = new boolean[257];
    for (int[][] moves : edges) {
      for (int[] move : moves) {
        if (!isFree(move)) {
          begins[move[0]] = true;
          begins[move[1] + 1] = true;
        }
      }
    }
    int[] classes = new int[256];
    for (int b = 1; b < 256; b++) {
      classes[b] = classes[b - 1] + (begins[b] ? 1 : 0);
    }
    return classes;
  }

  /**
   * Every state that can be reached without a byte, ascending.
   *
   * @param from states, each once
   * @param seen all false, and again when done, [states]
   */
  int[] closure(int[] from, boolean[] seen) {
    int top = from.length;
    int[] stack = Arrays.copyOf(from, Math.max(16, top));
    int[] reached = new int[Math.max(16, top)];
    int size = 0;
    for (int state : from) {
      seen[state] = true;
    }
    while (top > 0) {
      int state = stack[--top];
      reached = size == reached.length ? Arrays.copyOf(reached, 2 * size) : reached;
      reached[size++] = state;
      for (int[] move : edges(state)) {
        if (isFree(move) && !seen[move[2]]) {
          seen[move[2]] = true;
          stack = top == stack.length ? Arrays.copyOf(stack, 2 * top) : stack;
          stack[top++] = move[2];
        }
      }
    }
    for (int i = 0; i < size; i++) {
      seen[reached[i]] = false;
    }
    int[] sorted = Arrays.copyOf(reached, size);
    Arrays.sort(sorted);
    return sorted;
  }
}
