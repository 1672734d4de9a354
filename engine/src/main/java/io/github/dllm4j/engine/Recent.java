package io.github.dllm4j.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The last values of a function that is expensive to compute; remembering them changes no result.
 * Safe for several threads.
 */
final class Recent<K, V> {
  private final Map<K, V> kept;

  /** Remembers so many values. */
  Recent(int most) {
    kept =
        new LinkedHashMap<>(16, 0.75f, true) {
          private static final long serialVersionUID = 1;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > most;
          }
        };
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
    synchronized (kept) {
      kept.put(key, value);
    }
    return value;
  }
}
