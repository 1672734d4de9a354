package io.github.dllm4j.engine.constrain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The smallest deterministic automaton over bytes that accepts a set of texts in UTF-8. State 0 is
 * the start; every state can still be completed, so a missing move means that nothing can. Bytes
 * that are never told apart share a column. States are numbered in the order in which the bytes
 * reach them, so equal sets give equal automata.
 *
 * <p>Made by the subset construction, then {@link Minimiser}. Immutable.
 */
final class Dfa {
  private static final int MOST_STATES = 50_000;
  private static final int MOST_MOVES = 8_000_000; // states times columns: 32 MB

  private final int[] classes; // of the bytes, [256]
  private final int width; // number of classes
  private final int[] next; // [states * width], -1 for none
  private final BitSet accepting;
  private final int states;

  /** Takes the arrays over. */
  private Dfa(int[] classes, int[] next, BitSet accepting, int states) {
    this.classes = classes;
    this.width = classes[255] + 1;
    this.next = next;
    this.accepting = accepting;
    this.states = states;
  }

  /**
   * The automaton of an expression.
   *
   * @throws IllegalArgumentException if it would have more than 50,000 states, or 8 million moves,
   *     or take more than is left of the budget
   */
  static Dfa of(Expression expression, Budget budget) {
    Nfa nfa = Nfa.of(expression);
    return new Subsets(nfa, budget).dfa().smallest(budget);
  }

  /** Memory that it takes, bytes. */
  long bytes() {
    return 4L * (next.length + classes.length) + accepting.size() / 8;
  }

  /** Number of states; 0 if nothing is accepted. */
  int states() {
    return states;
  }

  /** Whether a text may end in a state. */
  boolean accepts(int state) {
    return accepting.get(state);
  }

  /** The state after a byte, 0..255, or -1. */
  int next(int state, int unsignedByte) {
    return next[state * width + classes[unsignedByte]];
  }

  /** The state after some bytes, or -1; {@code state} may be -1. */
  int next(int state, byte[] bytes) {
    int reached = state;
    for (int i = 0; i < bytes.length && reached >= 0; i++) {
      reached = next(reached, bytes[i] & 0xFF);
    }
    return reached;
  }

  /** Whether the bytes are a text of the set. */
  boolean accepts(byte[] bytes) {
    int reached = next(states > 0 ? 0 : -1, bytes);
    return reached >= 0 && accepts(reached);
  }

  /** What two automata both accept, by pairs of states. */
  Dfa and(Dfa other, Budget budget) {
    int[] both = new int[256];
    for (int b = 1; b < 256; b++) {
      boolean same = classes[b] == classes[b - 1] && other.classes[b] == other.classes[b - 1];
      both[b] = both[b - 1] + (same ? 0 : 1);
    }
    int columns = both[255] + 1;
    int[] example = new int[columns];
    for (int b = 255; b >= 0; b--) {
      example[both[b]] = b;
    }
    Map<Long, Integer> ids = new HashMap<>();
    List<int[]> rows = new ArrayList<>();
    List<Long> pairs = new ArrayList<>();
    BitSet accepted = new BitSet();
    if (states > 0 && other.states > 0) {
      ids.put(0L, 0);
      pairs.add(0L);
    }
    for (int i = 0; i < pairs.size(); i++) {
      int a = (int) (pairs.get(i) >>> 32);
      int b = (int) (long) pairs.get(i);
      accepted.set(i, accepts(a) && other.accepts(b));
      int[] row = new int[columns];
      for (int c = 0; c < columns; c++) {
        int x = next(a, example[c]);
        int y = other.next(b, example[c]);
        row[c] = -1;
        if (x >= 0 && y >= 0) {
          Long pair = ((long) x << 32) | y;
          Integer known = ids.putIfAbsent(pair, pairs.size());
          row[c] = known == null ? pairs.size() : known;
          if (known == null) {
            pairs.add(pair);
            checkSize(pairs.size(), columns);
          }
        }
      }
      rows.add(row);
    }
    return new Dfa(both, flat(rows, columns), accepted, rows.size()).smallest(budget);
  }

  private static int[] flat(List<int[]> rows, int columns) {
    int[] flat = new int[rows.size() * columns];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(rows.get(i), 0, flat, i * columns, columns);
    }
    return flat;
  }

  private static void checkSize(int count, int width) {
    if (count > MOST_STATES || (long) count * width > MOST_MOVES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the constraint is too large: it needs more than %,d states; allow fewer repeats",
              Math.min(MOST_STATES, MOST_MOVES / width)));
    }
  }

  /** The same set with as few states as possible, numbered from the start. */
  private Dfa smallest(Budget budget) {
    budget.cells((long) states * width);
    int[] block = Minimiser.blocks(next, width, accepting, states);
    int blocks = Arrays.stream(block).max().orElse(0) + 1;
    int dead = block[states]; // of the sink that the minimiser adds
    int[] number = new int[blocks];
    Arrays.fill(number, -1);
    int[] example = new int[blocks]; // by number
    Deque<Integer> queue = new ArrayDeque<>();
    int count = 0;
    if (states > 0 && block[0] != dead) {
      number[block[0]] = count++;
      queue.add(0);
    }
    while (!queue.isEmpty()) {
      int state = queue.remove();
      example[number[block[state]]] = state;
      for (int c = 0; c < width; c++) {
        int target = next[state * width + c];
        if (target >= 0 && block[target] != dead && number[block[target]] < 0) {
          number[block[target]] = count++;
          queue.add(target);
        }
      }
    }
    int[] moves = new int[count * width];
    BitSet accepted = new BitSet();
    for (int s = 0; s < count; s++) {
      accepted.set(s, accepts(example[s]));
      for (int c = 0; c < width; c++) {
        int target = next[example[s] * width + c];
        moves[s * width + c] = target < 0 ? -1 : number[block[target]];
      }
    }
    return new Dfa(classes, moves, accepted, count);
  }

  /** The subset construction. */
  private static final class Subsets {
    private final Nfa nfa;
    private final int[] classes;
    private final int width;
    private final boolean[] seen;
    private final Map<States, Integer> ids = new HashMap<>();
    private final List<int[]> subsets = new ArrayList<>();
    private final Budget budget;
    private long work; // moves followed since the last were counted

    /** A set of states that can be looked up. */
    private record States(int[] sorted) {
      @Override
      public boolean equals(Object other) {
        return other instanceof States states && Arrays.equals(sorted, states.sorted);
      }

      @Override
      public int hashCode() {
        return Arrays.hashCode(sorted);
      }
    }

    Subsets(Nfa nfa, Budget budget) {
      this.nfa = nfa;
      this.budget = budget;
      classes = nfa.byteClasses();
      width = classes[255] + 1;
      seen = new boolean[nfa.states()];
    }

    Dfa dfa() {
      add(new int[] {nfa.start()}, 1);
      List<int[]> rows = new ArrayList<>();
      BitSet accepted = new BitSet();
      int[][] targets = new int[width][4];
      for (int i = 0; i < subsets.size(); i++) {
        int[] counts = new int[width];
        for (int state : subsets.get(i)) {
          accepted.set(i, accepted.get(i) || state == nfa.accepting());
          for (int[] move : nfa.edges(state)) {
            work += 1 + to(move) - from(move);
            for (int c = from(move); c <= to(move); c++) {
              if (counts[c] == targets[c].length) {
                targets[c] = Arrays.copyOf(targets[c], 2 * counts[c]);
              }
              targets[c][counts[c]++] = move[2];
            }
          }
        }
        int[] row = new int[width];
        for (int c = 0; c < width; c++) {
          row[c] = counts[c] == 0 ? -1 : add(targets[c], counts[c]);
        }
        rows.add(row);
      }
      return new Dfa(classes, flat(rows, width), accepted, rows.size());
    }

    private int from(int[] move) {
      return Nfa.isFree(move) ? 0 : classes[move[0]];
    }

    private int to(int[] move) {
      return Nfa.isFree(move) ? -1 : classes[move[1]];
    }

    private int add(int[] members, int count) {
      int[] closed = nfa.closure(distinct(members, count), seen);
      budget.work(work + count + closed.length, subsets.size());
      work = 0;
      Integer known = ids.putIfAbsent(new States(closed), subsets.size());
      if (known != null) {
        return known;
      }
      subsets.add(closed);
      checkSize(subsets.size(), width);
      return subsets.size() - 1;
    }

    private static int[] distinct(int[] members, int count) {
      int[] sorted = Arrays.copyOf(members, count);
      Arrays.sort(sorted);
      int kept = 0;
      for (int i = 0; i < count; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
          sorted[kept++] = sorted[i];
        }
      }
      return Arrays.copyOf(sorted, kept);
    }
  }
}
