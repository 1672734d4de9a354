package io.github.dllm4j.engine.constrain;

import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.JointDraw;
import io.github.dllm4j.tokenizer.Tokenizer;
import io.github.dllm4j.tokenizer.Vocabulary;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A constraint over token ids: the states of its automaton over bytes that tokens lead to, and for
 * each of them which tokens lead where. Tokens that lead from a state to the same state are a
 * block; equal blocks of different states are one, so that the probability of a block is summed up
 * once per hole: the states that count the characters of a string all share theirs.
 *
 * <p>The end token (or pad, if there is no end) may follow where the text may end; after it comes
 * only padding, which is no choice: it has weight 1. Other special tokens never come.
 *
 * <p>Cost of making it: O(states * bytes of the vocabulary) time; memory for the blocks that
 * differ. Immutable, safe for several threads.
 */
public final class TokenAutomaton {
  private static final int MOST_MOVES = 5_000_000; // from states to states
  private static final int[] NONE = {};

  private final Dfa dfa;
  private final boolean greedy;
  private final TokenTable table;
  private final int stop; // ends a text; -1 if nothing does
  private final int filler; // stands after stop
  private final int[][] targets; // by state; states that no tokens reach have none
  private final int[][] blocks; // by state, beside targets
  private final List<int[]> tokens = new ArrayList<>(); // by block, ascending
  private long bytes; // of all the above

  /** Tokens that can be looked up. */
  private record Block(int[] ids) {
    @Override
    public boolean equals(Object other) {
      return other instanceof Block block && Arrays.equals(ids, block.ids);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(ids);
    }
  }

  /**
   * A constraint for a tokenizer.
   *
   * @param width number of ids that the network has laws over; tokens beyond are never drawn
   * @param pulse run at every state; what it throws ends the making
   * @throws IllegalArgumentException if the tokenizer's tokens are not bytes, or more than 5
   *     million moves lead from state to state
   */
  public TokenAutomaton(Constraint constraint, Tokenizer tokenizer, int width, Runnable pulse) {
    dfa = constraint.dfa();
    greedy = constraint.isGreedy();
    Vocabulary vocabulary = tokenizer.vocabulary();
    try {
      table = new TokenTable(tokenizer, width);
    } catch (UnsupportedOperationException e) {
      throw new IllegalArgumentException("no constraint for this tokenizer: " + e.getMessage(), e);
    }
    int pad = drawable(vocabulary.pad().orElse(-1), width);
    int end = drawable(vocabulary.end().orElse(-1), width);
    stop = end >= 0 ? end : pad;
    filler = pad >= 0 ? pad : end;
    targets = new int[dfa.states()][];
    blocks = new int[dfa.states()][];
    Arrays.fill(targets, NONE);
    Arrays.fill(blocks, NONE);
    explore(pulse);
  }

  /** The same without a pulse. */
  public TokenAutomaton(Constraint constraint, Tokenizer tokenizer, int width) {
    this(constraint, tokenizer, width, () -> {});
  }

  private static int drawable(int id, int width) {
    return id < width ? id : -1;
  }

  /** Follows the tokens from the start. */
  private void explore(Runnable pulse) {
    Map<Block, Integer> known = new HashMap<>();
    long all = 0;
    boolean[] found = new boolean[dfa.states()];
    int[] followers = new int[table.size()];
    int[] after = new int[table.size()];
    int[] counts = new int[dfa.states()]; // of the followers by target, 0 between states
    Deque<Integer> queue = new ArrayDeque<>(List.of(0));
    found[0] = true;
    while (!queue.isEmpty()) {
      pulse.run();
      int state = queue.remove();
      int count = table.follow(dfa, state, followers, after);
      int[] reached = new int[Math.min(count, dfa.states()) + 1];
      int moves = 0;
      for (int i = 0; i < count; i++) {
        if (counts[after[i]]++ == 0) {
          reached[moves++] = after[i];
        }
      }
      int[][] ids = new int[moves + 1][];
      for (int m = 0; m < moves; m++) {
        ids[m] = new int[counts[reached[m]]];
        counts[reached[m]] = m; // from here on which move it is
        if (!found[reached[m]]) {
          found[reached[m]] = true;
          queue.add(reached[m]);
        }
      }
      int[] filled = new int[moves];
      for (int i = 0; i < count; i++) {
        int m = counts[after[i]];
        ids[m][filled[m]++] = followers[i];
      }
      for (int m = 0; m < moves; m++) {
        counts[reached[m]] = 0;
      }
      if (dfa.accepts(state) && stop >= 0) {
        reached[moves] = end();
        ids[moves++] = new int[] {stop};
      }
      all += moves;
      if (all > MOST_MOVES) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "the constraint is too large for this tokenizer: its tokens may lead from state to"
                    + " state in at most %,d ways, got %,d from some of its %,d states; allow fewer"
                    + " repeats",
                MOST_MOVES,
                all,
                dfa.states()));
      }
      targets[state] = Arrays.copyOf(reached, moves);
      blocks[state] = new int[moves];
      for (int m = 0; m < moves; m++) {
        blocks[state][m] = block(ids[m], known);
      }
    }
    long arrays = 40L * dfa.states() + 24L * tokens.size(); // what they take besides their numbers
    long numbers = 4 * (2 * all + tokens.stream().mapToLong(ids -> ids.length).sum());
    bytes = arrays + numbers + dfa.bytes() + table.memory();
  }

  /** The number of a block, a new one if it is not known. */
  private int block(int[] ids, Map<Block, Integer> known) {
    Arrays.sort(ids);
    Integer number = known.putIfAbsent(new Block(ids), tokens.size());
    if (number == null) {
      tokens.add(ids);
      return tokens.size() - 1;
    }
    return number;
  }

  /**
   * The draws of a canvas whose text from the first hole to the last one, kept tokens between them
   * included, is to be accepted.
   *
   * @throws IllegalArgumentException in one line, if nothing fits: the tokens that are kept
   *     contradict the constraint, or the holes are too few or, without an end token, too many
   */
  public JointDraw on(Canvas canvas) {
    return ConstrainedDraw.of(this, canvas, greedy);
  }

  /** Memory that it keeps, bytes, with its constraint's automaton and its table of tokens. */
  public long bytes() {
    return bytes;
  }

  /** Number of states, with the one after the text. */
  int states() {
    return dfa.states() + 1;
  }

  /** The state after the text. */
  int end() {
    return dfa.states();
  }

  /** Whether everything may end in a state. */
  boolean accepts(int state) {
    return state == end() || dfa.accepts(state);
  }

  /** What stands after the text. */
  int filler() {
    return filler;
  }

  /** The states that a token can lead to, but for {@link #end}. */
  int[] targets(int state) {
    return targets[state];
  }

  /** The tokens that lead there, as numbers of blocks, beside {@link #targets}. */
  int[] blocks(int state) {
    return blocks[state];
  }

  /** The ids of a block, ascending. */
  int[] tokens(int block) {
    return tokens.get(block);
  }

  int blockCount() {
    return tokens.size();
  }

  /** The state after a token, or -1. */
  int next(int state, int token) {
    if (state == end()) {
      return token == filler ? end() : -1;
    }
    if (token == stop) {
      return dfa.accepts(state) ? end() : -1;
    }
    return table.next(dfa, state, token);
  }
}
