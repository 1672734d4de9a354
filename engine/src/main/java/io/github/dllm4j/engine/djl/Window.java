package io.github.dllm4j.engine.djl;

import java.util.ArrayList;
import java.util.List;

/**
 * A stretch of a sequence that is read at once.
 *
 * @param sequence which
 * @param from first token
 * @param to behind the last token
 * @param judged first token that no window before has judged
 */
record Window(int sequence, int from, int to, int judged) {

  /** Tokens. */
  int size() {
    return to - from;
  }

  /**
   * The windows of sequences, in batches that stay within so many tokens with their padding; one
   * window may be more.
   *
   * @param length most tokens of a window
   */
  static List<List<Window>> batches(int[][] sequences, int length, int tokens) {
    List<List<Window>> batches = new ArrayList<>();
    List<Window> open = new ArrayList<>();
    int longest = 0;
    for (int s = 0; s < sequences.length; s++) {
      for (Window window : of(s, sequences[s].length, length)) {
        int size = Math.max(longest, window.size());
        if (!open.isEmpty() && (open.size() + 1) * size > tokens) {
          batches.add(open);
          open = new ArrayList<>();
          size = window.size();
        }
        open.add(window);
        longest = size;
      }
    }
    if (!open.isEmpty()) {
      batches.add(open);
    }
    return batches;
  }

  /** The windows of one sequence, as {@link CausalNetwork#logProbabilities} documents. */
  static List<Window> of(int sequence, int tokens, int length) {
    List<Window> windows = new ArrayList<>();
    int judged = 0;
    int from = 0;
    while (judged < tokens) {
      int to = Math.min(tokens, from + length);
      windows.add(new Window(sequence, Math.max(0, to - length), to, judged));
      judged = to;
      from += Math.max(1, length / 2);
    }
    return windows;
  }
}
