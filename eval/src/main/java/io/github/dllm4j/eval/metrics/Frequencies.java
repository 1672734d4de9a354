package io.github.dllm4j.eval.metrics;

import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;

/** How often symbols were seen. */
public final class Frequencies {
  private final Int2LongOpenHashMap counts = new Int2LongOpenHashMap();
  private long total;

  /** Counts a symbol once more. */
  public void add(int symbol) {
    counts.addTo(symbol, 1);
    total++;
  }

  /** Number of different symbols. */
  int different() {
    return counts.size();
  }

  boolean has(int symbol) {
    return counts.containsKey(symbol);
  }

  /** -sum f ln f over the relative frequencies f, nats per symbol; 0 if there are none. */
  public double entropy() {
    double entropy = 0;
    for (long count : counts.values()) {
      double share = (double) count / total;
      entropy -= share * Math.log(share);
    }
    return entropy;
  }
}
