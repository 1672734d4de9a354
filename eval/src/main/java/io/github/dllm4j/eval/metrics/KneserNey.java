package io.github.dllm4j.eval.metrics;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.Arrays;

/**
 * An n-gram model with interpolated modified Kneser-Ney smoothing: the baseline every neural model
 * should beat.
 *
 * <pre>
 * p_k(w | c) = (count_k(c w) - D(count_k(c w)))+ / count_k(c) + lambda_k(c) p_{k-1}(w | c without its first)
 * lambda_k(c) = (D1 N1(c) + D2 N2(c) + D3 N3+(c)) / count_k(c),    p_0 = 1 / vocabulary
 * </pre>
 *
 * <p>count_n are counts, count_k for k &lt; n numbers of different symbols to the left; discounts
 * per order D_i = i - (i + 1) Y n_{i+1} / n_i, Y = n_1 / (n_1 + 2 n_2), at most i, and {@value
 * #LEAST_DISCOUNT} where that is not above 0 (all has followed often what it follows). Source: Chen
 * and Goodman, An empirical study of smoothing techniques for language modeling, 1999, section 3
 * and equations 23 to 26. N-grams are kept as 64-bit hashes, so a false match has a chance of about
 * 1e-7 for a million of them. Cost: n look-ups per symbol. Not thread-safe while it learns.
 */
public final class KneserNey {
  private static final int CLASSES = 3;

  /** Where counts give none above 0. */
  private static final double LEAST_DISCOUNT = 0.5;

  /** Stands before a text that is asked about; no context that holds it has been learned. */
  private static final int NOTHING = Integer.MIN_VALUE;

  /** Stands before the training text. */
  private static final int START = NOTHING + 1;

  private final int order;
  private final int vocabulary;
  private final Level[] levels;
  private final int[] history;
  private boolean learning = true;

  /**
   * One order: counts of n-grams, and of each context their sum and how many have count 1, 2, 3 or
   * more.
   */
  private static final class Level {
    private final Long2IntOpenHashMap counts = new Long2IntOpenHashMap();
    private final Long2IntOpenHashMap contexts = new Long2IntOpenHashMap();
    private final IntArrayList totals = new IntArrayList();
    private final IntArrayList classes = new IntArrayList();
    private final double[] discounts = new double[CLASSES + 1];

    Level() {
      contexts.defaultReturnValue(-1);
    }

    /** Counts an n-gram once more; returns whether it is new. */
    boolean add(long context, long gram) {
      int before = counts.addTo(gram, 1);
      int at = contexts.get(context);
      if (at < 0) {
        at = totals.size();
        contexts.put(context, at);
        totals.add(0);
        for (int i = 0; i < CLASSES; i++) {
          classes.add(0);
        }
      }
      totals.set(at, totals.getInt(at) + 1);
      if (before > 0) {
        change(at, before, -1);
      }
      change(at, before + 1, 1);
      return before == 0;
    }

    private void change(int context, int count, int by) {
      int at = context * CLASSES + Math.min(count, CLASSES) - 1;
      classes.set(at, classes.getInt(at) + by);
    }

    void finish() {
      double[] n = new double[CLASSES + 2];
      for (int count : counts.values()) {
        if (count < n.length) {
          n[count]++;
        }
      }
      double y = n[1] + 2 * n[2] == 0 ? 0 : n[1] / (n[1] + 2 * n[2]);
      for (int i = 1; i <= CLASSES; i++) {
        double discount = n[i] == 0 ? 0 : i - (i + 1) * y * n[i + 1] / n[i];
        // Without a discount nothing would be left for what follows a context for the first time.
        discounts[i] = discount > 0 ? Math.min(i, discount) : LEAST_DISCOUNT;
      }
    }

    double probability(long context, long gram, double shorter) {
      int at = contexts.get(context);
      if (at < 0) {
        return shorter;
      }
      double total = totals.getInt(at);
      int count = counts.get(gram);
      double kept = count - discounts[Math.min(count, CLASSES)];
      double freed = 0;
      for (int i = 1; i <= CLASSES; i++) {
        freed += discounts[i] * classes.getInt(at * CLASSES + i - 1);
      }
      return kept / total + freed / total * shorter;
    }
  }

  /**
   * An empty model.
   *
   * @param order n, 1 to 16
   * @param vocabulary number of symbols there are, at least 1
   */
  public KneserNey(int order, int vocabulary) {
    if (order < 1 || order > 16) {
      throw new IllegalArgumentException("order must be 1 to 16, got " + order);
    }
    if (vocabulary < 1) {
      throw new IllegalArgumentException("vocabulary must be at least 1, got " + vocabulary);
    }
    this.order = order;
    this.vocabulary = vocabulary;
    this.levels = new Level[order];
    for (int k = 0; k < order; k++) {
      levels[k] = new Level();
    }
    this.history = new int[order - 1];
    Arrays.fill(history, START);
  }

  /** Learns the next symbol of the training text; any int but the two least may be a symbol. */
  public void learn(int symbol) {
    if (!learning) {
      throw new IllegalStateException(
          "the model has been asked for a probability: it cannot learn");
    }
    boolean isNew = true;
    for (int k = order - 1; k >= 0 && isNew; k--) {
      long context = context(k);
      isNew = levels[k].add(context, gram(context, symbol));
    }
    push(symbol);
  }

  /**
   * The probability of the next symbol after those learned and passed so far; then passes it.
   *
   * @return above 0 as long as there are no more symbols than the vocabulary says
   */
  public double probability(int symbol) {
    finish();
    double p = 1.0 / vocabulary;
    for (int k = 0; k < order; k++) {
      long context = context(k);
      p = levels[k].probability(context, gram(context, symbol), p);
    }
    push(symbol);
    return p;
  }

  /**
   * The next symbol begins a text: nothing that was learned or passed stands before it. Ends the
   * learning.
   */
  public void forget() {
    finish();
    Arrays.fill(history, NOTHING);
  }

  private void finish() {
    if (learning) {
      learning = false;
      for (Level level : levels) {
        level.finish();
      }
    }
  }

  /** A hash of the last k symbols. */
  private long context(int k) {
    long hash = k + 1L;
    for (int i = history.length - k; i < history.length; i++) {
      hash = gram(hash, history[i]);
    }
    return hash;
  }

  /** Mixes a symbol into a hash (the finaliser of SplitMix64, which is a bijection of the hash). */
  private static long gram(long hash, int symbol) {
    long z = hash * 0x9E3779B97F4A7C15L + symbol + 0x632BE59BD9B4E019L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private void push(int symbol) {
    if (history.length > 0) {
      System.arraycopy(history, 1, history, 0, history.length - 1);
      history[history.length - 1] = symbol;
    }
  }
}
