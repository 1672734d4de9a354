package io.github.dllm4j.engine.constrain;

import java.util.Arrays;

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
    return text.codePoints().mapToObj(c -> range(c, c)).reduce(NONE, CodePoints::or);
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
    return not().and(other.not()).not();
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
