package io.github.dllm4j.corpora;

import java.util.Arrays;
import java.util.Locale;

/**
 * The documents of a token file in overlapping windows, so that every token is new in exactly one
 * window and has tokens of its own document before it. A document's first window is its first
 * {@code length} tokens, all of them new; every further one has {@code stride} new tokens, or what
 * is left, behind the {@code length - stride} tokens before them. An end token after a document
 * belongs to it.
 */
public final class TokenWindows {
  private final TokenFile tokens;
  private final int length;
  private final int stride;
  private final long[] first; // index of each document's first window, [documents + 1]

  /**
   * One window.
   *
   * @param from index of its first token in the file
   * @param given how many of its first tokens are not new
   * @param length tokens in the window, above {@code given}
   */
  public record Window(long from, int given, int length) {}

  /**
   * Windows of a file.
   *
   * @param tokens the tokens; closing them is up to the caller
   * @param length tokens of a window at most, at least 1
   * @param stride new tokens of a window, 1 to {@code length}
   * @throws IllegalArgumentException if they are out of range
   */
  public TokenWindows(TokenFile tokens, int length, int stride) {
    if (length < 1 || stride < 1 || stride > length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "window length and stride are %d and %d; allowed: 1 <= stride <= length",
              length,
              stride));
    }
    this.tokens = tokens;
    this.length = length;
    this.stride = stride;
    first = new long[(int) tokens.documents() + 1];
    for (int d = 0; d < first.length - 1; d++) {
      long size = tokens.documentEnd(d) - tokens.documentStart(d);
      long more = Math.max(0, size - length);
      first[d + 1] = first[d] + Math.min(1, size) + (more + stride - 1) / stride;
    }
  }

  /** Number of windows. */
  public long count() {
    return first[first.length - 1];
  }

  /**
   * One window.
   *
   * @param index 0..count-1
   */
  public Window window(long index) {
    if (index < 0 || index >= count()) {
      throw new IllegalArgumentException("window is " + index + "; allowed: 0.." + (count() - 1));
    }
    int found = Arrays.binarySearch(first, index);
    int document = found >= 0 ? found : -found - 2;
    while (first[document + 1] <= index) {
      document++; // past documents without tokens
    }
    long start = tokens.documentStart(document);
    long end = tokens.documentEnd(document);
    long number = index - first[document];
    if (number == 0) {
      return new Window(start, 0, (int) Math.min(length, end - start));
    }
    int given = length - stride;
    long from = start + number * stride;
    return new Window(from, given, (int) Math.min(length, end - from));
  }

  /** The tokens of a window, [length]. */
  public int[] read(Window window) {
    int[] read = new int[window.length];
    tokens.read(window.from, read);
    return read;
  }
}
