package io.github.dllm4j.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Byte-pair encoding: merge the most frequent neighbouring pair of symbols, again and again.
 *
 * <p>Sennrich, Haddow and Birch, <i>Neural Machine Translation of Rare Words with Subword Units</i>
 * (2016), algorithm 1, over bytes and within pre-tokens as in GPT-2. Ties go to the pair of
 * smallest ids, first id first. Departures from the paper: pair counts are kept up to date instead
 * of counted anew, with an index of the words that hold a pair and a heap whose entries are checked
 * when they come up. Cost: O(total length of the distinct words) to start, then O(length of the
 * words touched) per merge.
 *
 * <p>Symbols 0..255 are bytes; merge number i makes symbol 256 + i. Pairs are packed as {@code
 * first << 32 | second}.
 */
final class BpeMerges {

  private record Candidate(long pair, long count) {}

  private static final Comparator<Candidate> MOST_FREQUENT =
      Comparator.comparingLong(Candidate::count).reversed().thenComparingLong(Candidate::pair);

  private final int[][] words; // symbols of each distinct word; the first lengths[w] count
  private final int[] lengths;
  private final long[] counts; // occurrences of each word
  private final Long2LongOpenHashMap pairCounts = new Long2LongOpenHashMap();
  private final Long2ObjectOpenHashMap<IntArrayList> wordsWithPair = new Long2ObjectOpenHashMap<>();
  private final PriorityQueue<Candidate> heap = new PriorityQueue<>(MOST_FREQUENT);

  /** Distinct words and how often each occurs, in the same order. */
  BpeMerges(String[] words, long[] counts) {
    this.words = new int[words.length][];
    this.lengths = new int[words.length];
    this.counts = counts;
    for (int w = 0; w < words.length; w++) {
      byte[] bytes = words[w].getBytes(StandardCharsets.UTF_8);
      this.words[w] = new int[bytes.length];
      lengths[w] = bytes.length;
      for (int i = 0; i < bytes.length; i++) {
        this.words[w][i] = bytes[i] & 0xff;
      }
      countPairs(w, counts[w]);
      for (int i = 0; i + 1 < lengths[w]; i++) {
        index(pair(w, i), w);
      }
    }
    for (long pair : pairCounts.keySet().toLongArray()) {
      push(pair);
    }
  }

  /** The packed pairs to merge, in order: at most {@code wanted}, each seen at least twice. */
  long[] learn(int wanted) {
    LongArrayList merges = new LongArrayList();
    while (merges.size() < wanted) {
      Candidate best = heap.poll();
      if (best == null) {
        break;
      }
      long now = pairCounts.get(best.pair());
      if (now != best.count()) {
        push(best.pair());
        continue;
      }
      merge(best.pair(), 256 + merges.size());
      merges.add(best.pair());
    }
    return merges.toLongArray();
  }

  private void merge(long pair, int symbol) {
    IntArrayList holders = wordsWithPair.remove(pair);
    LongOpenHashSet made = new LongOpenHashSet();
    for (int i = 0; i < holders.size(); i++) {
      int w = holders.getInt(i);
      countPairs(w, -counts[w]);
      replace(w, pair, symbol);
      countPairs(w, counts[w]);
      for (int at = 0; at + 1 < lengths[w]; at++) {
        if (words[w][at] == symbol || words[w][at + 1] == symbol) {
          index(pair(w, at), w);
          made.add(pair(w, at));
        }
      }
    }
    for (long newPair : made.toLongArray()) {
      push(newPair);
    }
  }

  private void replace(int w, long pair, int symbol) {
    int[] symbols = words[w];
    int to = 0;
    for (int from = 0; from < lengths[w]; to++) {
      boolean here = from + 1 < lengths[w] && pair(w, from) == pair;
      symbols[to] = here ? symbol : symbols[from];
      from += here ? 2 : 1;
    }
    lengths[w] = to;
  }

  private void countPairs(int w, long count) {
    for (int i = 0; i + 1 < lengths[w]; i++) {
      pairCounts.addTo(pair(w, i), count);
    }
  }

  private void index(long pair, int w) {
    IntArrayList holders = wordsWithPair.computeIfAbsent(pair, key -> new IntArrayList());
    if (holders.isEmpty() || holders.getInt(holders.size() - 1) != w) {
      holders.add(w);
    }
  }

  private void push(long pair) {
    long count = pairCounts.get(pair);
    if (count >= 2) {
      heap.add(new Candidate(pair, count));
    } else if (count == 0) {
      pairCounts.remove(pair);
    }
  }

  private long pair(int w, int at) {
    return ((long) words[w][at] << 32) | words[w][at + 1];
  }
}
