package io.github.dllm4j.tokenizer;

import it.unimi.dsi.fastutil.objects.Object2LongOpenHashMap;
import java.util.Arrays;

/**
 * Counts distinct pre-tokens in bounded memory. Pre-tokens longer than 64 code points are counted
 * in pieces of 64. When there are more distinct ones than the limit, the rarest are forgotten until
 * half of the limit is left (lossy counting); what can be lost is too rare to become a token.
 */
final class WordCounter {

  static final int MAX_CODE_POINTS = 64;

  private final int limit;
  private final Object2LongOpenHashMap<String> counts = new Object2LongOpenHashMap<>();

  /** Counts at most {@code limit} distinct pre-tokens at a time. */
  WordCounter(int limit) {
    this.limit = limit;
  }

  /** Counts one pre-token. */
  void add(String word) {
    if (word.length() <= MAX_CODE_POINTS) {
      count(word);
      return;
    }
    for (int from = 0; from < word.length(); ) {
      int left = word.codePointCount(from, word.length());
      int to = word.offsetByCodePoints(from, Math.min(left, MAX_CODE_POINTS));
      count(word.substring(from, to));
      from = to;
    }
  }

  private void count(String word) {
    counts.addTo(word, 1);
    if (counts.size() > limit) {
      for (long rare = 1; counts.size() > limit / 2; rare *= 2) {
        forget(rare);
      }
    }
  }

  private void forget(long rare) {
    counts.object2LongEntrySet().removeIf(entry -> entry.getLongValue() <= rare);
  }

  /** Distinct pre-tokens now known. */
  int size() {
    return counts.size();
  }

  /** The pre-tokens in the order of their characters, so that nothing depends on hashing. */
  String[] words() {
    String[] words = counts.keySet().toArray(new String[0]);
    Arrays.sort(words);
    return words;
  }

  /** The counts of some pre-tokens, in their order. */
  long[] counts(String[] words) {
    long[] result = new long[words.length];
    for (int i = 0; i < words.length; i++) {
      result[i] = counts.getLong(words[i]);
    }
    return result;
  }
}
