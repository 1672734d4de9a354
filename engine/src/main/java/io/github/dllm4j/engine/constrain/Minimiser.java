package io.github.dllm4j.engine.constrain;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;

/**
 * Which states of an automaton nothing tells apart: J. Hopcroft, An n log n algorithm for
 * minimizing states in a finite automaton, 1971. Blocks of states are split by what leads into a
 * block until no column splits any. Cost O(columns * states * log states).
 */
final class Minimiser {
  private final int width;
  private final int[] order; // states, block by block
  private final int[] place; // of each state in it
  private final int[] block; // of each state
  private final int[] first; // of each block, in order
  private final int[] end; // of each block, in order
  private final int[] marked; // how many of each block, at its front
  private int blocks = 1;
  private final int[] sources; // states by column and target
  private final int[] sourcesEnd; // [target * width + column]
  private final Deque<Integer> waiting = new ArrayDeque<>();

  private Minimiser(int[] next, int width, int states) {
    int all = states + 1;
    this.width = width;
    order = new int[all];
    Arrays.setAll(order, s -> s);
    place = order.clone();
    block = new int[all];
    first = new int[all];
    end = new int[all];
    marked = new int[all];
    end[0] = all;
    sourcesEnd = new int[all * width + 1];
    sources = new int[all * width];
    index(next, states);
  }

  /**
   * The blocks of equivalent states, with a sink that missing moves lead to.
   *
   * @param next targets, -1 for none, [states * width]
   * @param width number of columns
   * @param accepting states
   * @param states how many
   * @return block of each state, the sink's last, [states + 1]
   */
  static int[] blocks(int[] next, int width, BitSet accepting, int states) {
    Minimiser minimiser = new Minimiser(next, width, states);
    for (int s = accepting.nextSetBit(0); s >= 0; s = accepting.nextSetBit(s + 1)) {
      minimiser.mark(s);
    }
    minimiser.waiting.add(0);
    minimiser.split(0);
    minimiser.refine();
    return minimiser.block;
  }

  /** Lists the states that lead to each state by each column. */
  private void index(int[] next, int states) {
    int[] counts = sourcesEnd;
    for (int s = 0; s <= states; s++) {
      for (int c = 0; c < width; c++) {
        counts[key(next, states, s, c) + 1]++;
      }
    }
    for (int k = 1; k < counts.length; k++) {
      counts[k] += counts[k - 1];
    }
    int[] at = Arrays.copyOf(counts, counts.length);
    for (int s = 0; s <= states; s++) {
      for (int c = 0; c < width; c++) {
        sources[at[key(next, states, s, c)]++] = s;
      }
    }
  }

  private int key(int[] next, int states, int state, int column) {
    int target = state == states ? -1 : next[state * width + column];
    return (target < 0 ? states : target) * width + column;
  }

  /** Moves a state to the front of its block. */
  private void mark(int state) {
    int b = block[state];
    int target = first[b] + marked[b];
    if (place[state] >= target) {
      int other = order[target];
      order[place[state]] = other;
      place[other] = place[state];
      order[target] = state;
      place[state] = target;
      marked[b]++;
    }
  }

  /** Makes the marked states of a block a block of their own, unless they are all of it. */
  private void split(int b) {
    int middle = first[b] + marked[b];
    marked[b] = 0;
    if (middle == first[b] || middle == end[b]) {
      return;
    }
    int fresh = blocks++;
    boolean frontIsSmaller = middle - first[b] <= end[b] - middle;
    first[fresh] = frontIsSmaller ? first[b] : middle;
    end[fresh] = frontIsSmaller ? middle : end[b];
    if (frontIsSmaller) {
      first[b] = middle;
    } else {
      end[b] = middle;
    }
    for (int i = first[fresh]; i < end[fresh]; i++) {
      block[order[i]] = fresh;
    }
    waiting.add(fresh); // the smaller part; a waiting block goes on waiting
  }

  private void refine() {
    while (!waiting.isEmpty()) {
      int splitter = waiting.remove();
      int[] members = Arrays.copyOfRange(order, first[splitter], end[splitter]);
      for (int c = 0; c < width; c++) {
        BitSet touched = new BitSet();
        for (int member : members) {
          for (int i = sourcesEnd[member * width + c];
              i < sourcesEnd[member * width + c + 1];
              i++) {
            mark(sources[i]);
            touched.set(block[sources[i]]);
          }
        }
        touched.stream().forEach(this::split);
      }
    }
  }
}
