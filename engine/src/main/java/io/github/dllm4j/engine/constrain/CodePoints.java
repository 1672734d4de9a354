package io.github.dllm4j.engine.constrain;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** A set of code points as ascending disjoint ranges; never with surrogates. */
final class CodePoints {
  /** Every code point that can stand in UTF-8. */
  static final CodePoints ALL = new CodePoints(new int[] {0, 0xD7FF, 0xE000, 0x10FFFF});

  /** No code point. */
  static final CodePoints NONE = new CodePoints(new int[0]);

  private final int[] bounds; // first and last of each range

  private CodePoints(int[] bounds) {
    this.bounds = bounds;
  }

  /** The code points from the first to the last of a range, without surrogates. */
  static CodePoints range(int first, int last) {
    return new CodePoints(new int[] {first, last}).and(ALL);
  }

  /** The code points of a text. */
  static CodePoints of(String text) {
    return any(text.codePoints().mapToObj(c -> range(c, c)).toList());
  }

  /** What is in any of some sets; O(n log n) in their ranges. */
  static CodePoints any(List<CodePoints> sets) {
    int[][] ranges =
        sets.stream()
            .flatMap(set -> IntStream.range(0, set.ranges()).mapToObj(set::range))
            .sorted(Comparator.comparingInt(range -> range[0]))
            .toArray(int[][]::new);
    int[] union = new int[2 * ranges.length];
    int count = 0;
    for (int[] range : ranges) {
      if (count > 0 && range[0] <= union[count - 1] + 1) {
        union[count - 1] = Math.max(union[count - 1], range[1]);
      } else {
        union[count++] = range[0];
        union[count++] = range[1];
      }
    }
    return new CodePoints(Arrays.copyOf(union, count));
  }

  private int[] range(int range) {
    return new int[] {first(range), last(range)};
  }

  /** How many ranges there are. */
  int ranges() {
    return bounds.length / 2;
  }

  /** The first code point of a range. */
  int first(int range) {
    return bounds[2 * range];
  }

  /** The last code point of a range. */
  int last(int range) {
    return bounds[2 * range + 1];
  }

  boolean isEmpty() {
    return bounds.length == 0;
  }

  boolean contains(int codePoint) {
    return !and(range(codePoint, codePoint)).isEmpty();
  }

  /** What is in this set or in another. */
  CodePoints or(CodePoints other) {
    return any(List.of(this, other));
  }

  /** What is in this set and not in another. */
  CodePoints without(CodePoints other) {
    return and(other.not());
  }

  /** What is not in this set. */
  CodePoints not() {
    int[] gaps = new int[bounds.length + 2];
    int count = 0;
    int next = 0;
    for (int r = 0; r < ranges(); r++) {
      if (first(r) > next) {
        gaps[count++] = next;
        gaps[count++] = first(r) - 1;
      }
      next = last(r) + 1;
    }
    if (next <= Character.MAX_CODE_POINT) {
      gaps[count++] = next;
      gaps[count++] = Character.MAX_CODE_POINT;
    }
    return new CodePoints(Arrays.copyOf(gaps, count)).and(ALL);
  }

  /** What is in both sets. */
  CodePoints and(CodePoints other) {
    int[] both = new int[bounds.length + other.bounds.length];
    int count = 0;
    int a = 0;
    int b = 0;
    while (a < ranges() && b < other.ranges()) {
      int first = Math.max(first(a), other.first(b));
      int last = Math.min(last(a), other.last(b));
      if (first <= last) {
        both[count++] = first;
        both[count++] = last;
      }
      if (last(a) < other.last(b)) {
        a++;
      } else {
        b++;
      }
    }
    return new CodePoints(Arrays.copyOf(both, count));
  }
}
