package io.github.dllm4j.engine.constrain;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Layers that are computed from the last place to the first, each from the one after it, and then
 * read from the first to the last. Where all of them would take much memory, only every sqrt(n)-th
 * of n is kept, and those between are computed again when they are read: memory for 2 sqrt(n)
 * layers instead of n, for twice the work (checkpoints of one level; A. Griewank, Achieving
 * logarithmic growth of temporal and spatial complexity in reverse automatic differentiation, 1992,
 * has more). For one thread at a time.
 */
final class Backward<T> {
  private static final long MOST_CELLS = 1 << 22; // 64 MB at 16 bytes each

  private final Step<T> step;
  private final int places;
  private final int stride;
  private final NavigableMap<Integer, T> kept = new TreeMap<>();

  /** What is before a place, from what is after it; always the same. */
  interface Step<T> {
    T before(int place, T after);
  }

  /**
   * Computes all layers.
   *
   * @param cells numbers in a layer
   * @param last after the last place
   */
  Backward(int places, int cells, T last, Step<T> step) {
    this.step = step;
    this.places = places;
    stride = (long) places * cells <= MOST_CELLS ? 1 : (int) Math.ceil(Math.sqrt(places));
    kept.put(places, last);
    T layer = last;
    for (int place = places - 1; place >= 0; place--) {
      layer = step.before(place, layer);
      if (place % stride == 0) {
        kept.put(place, layer);
      }
    }
  }

  /** The layer before a place. */
  T at(int place) {
    T known = kept.get(place);
    if (known != null) {
      return known;
    }
    kept.keySet().removeIf(p -> p % stride != 0 && p != places);
    Map.Entry<Integer, T> next = kept.higherEntry(place);
    T layer = next.getValue();
    for (int p = next.getKey() - 1; p >= place; p--) {
      layer = step.before(p, layer);
      kept.put(p, layer);
    }
    return layer;
  }

  /** How many layers are kept now. */
  int size() {
    return kept.size();
  }
}
