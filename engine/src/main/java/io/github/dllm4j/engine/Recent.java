package io.github.dllm4j.engine;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;

/**
 * The last values of a function that is expensive to compute; remembering them changes no result.
 * Safe for several threads.
 */
final class Recent<K, V> {
  private final Map<K, V> kept = new LinkedHashMap<>(16, 0.75f, true);
  private final ToLongFunction<V> weight;
  private final long mostWeight;
  private final int most;
  private long all; // weight of what is kept

  /** Remembers so many values. */
  Recent(int most) {
    this(most, value -> 0, 0);
  }

  /**
   * Remembers so many values, and no more than of so much weight; one that is heavier is not kept.
   */
  Recent(int most, ToLongFunction<V> weight, long mostWeight) {
    this.most = most;
    this.weight = weight;
    this.mostWeight = mostWeight;
  }

  /** The value of a key, computed if it is not remembered; threads may compute it twice. */
  V get(K key, Supplier<V> computed) {
    synchronized (kept) {
      V known = kept.get(key);
      if (known != null) {
        return known;
      }
    }
    V value = computed.get();
    long heavy = weight.applyAsLong(value);
    if (heavy > mostWeight) {
      return value;
    }
    synchronized (kept) {
      V before = kept.put(key, value);
      all += heavy - (before == null ? 0 : weight.applyAsLong(before));
      Iterator<V> oldest = kept.values().iterator();
      while (kept.size() > most || all > mostWeight) {
        all -= weight.applyAsLong(oldest.next());
        oldest.remove();
      }
    }
    return value;
  }
}
