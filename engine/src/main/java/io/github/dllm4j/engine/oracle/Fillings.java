package io.github.dllm4j.engine.oracle;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * All ways to fill some of a few masked holes, (S+1)^holes of them, by ascending number of holes
 * filled, with the probability of the tokens. Not safe for several threads.
 */
final class Fillings {
  private final int symbols;
  private final int holes;
  private final int[] order; // by number filled, of the ways in lexicographic order, 0 left masked
  private final int[] from; // in the order, by number filled
  private final int[] lexicalOffsets;
  private final double[] lexicalChances;
  private final int[] offsets;
  private final double[] chances;

  Fillings(int holes, int symbols) {
    this.symbols = symbols;
    this.holes = holes;
    int count = Words.states(symbols + 1, holes, "number of fillings");
    order =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparingInt(this::filled))
            .mapToInt(way -> way)
            .toArray();
    from = new int[holes + 2];
    for (int way = 0; way < count; way++) {
      from[filled(way) + 1]++;
    }
    for (int size = 0; size <= holes; size++) {
      from[size + 1] += from[size];
    }
    lexicalOffsets = new int[count];
    lexicalChances = new double[count];
    offsets = new int[count];
    chances = new double[count];
  }

  private int filled(int way) {
    int filled = 0;
    for (int rest = way; rest > 0; rest /= symbols + 1) {
      filled += rest % (symbols + 1) > 0 ? 1 : 0;
    }
    return filled;
  }

  /**
   * Prepares the ways of a state.
   *
   * @param laws of the tokens, by hole
   * @param masked the masked holes
   * @param start index of the first of those that are meant
   * @param powers by how much a state's index grows with the token, by hole; MASK is token S
   */
  void of(double[][] laws, int[] masked, int start, int[] powers) {
    lexicalOffsets[0] = 0;
    lexicalChances[0] = 1;
    int count = 1;
    for (int h = start; h < start + holes; h++) {
      // From the end, so that nothing is overwritten before it is read.
      for (int way = count - 1; way >= 0; way--) {
        int offset = lexicalOffsets[way];
        double chance = lexicalChances[way];
        int to = way * (symbols + 1);
        for (int v = 0; v < symbols; v++) {
          lexicalOffsets[to + 1 + v] = offset + (symbols - v) * powers[masked[h]];
          lexicalChances[to + 1 + v] = chance * laws[masked[h]][v];
        }
        lexicalOffsets[to] = offset;
        lexicalChances[to] = chance;
      }
      count *= symbols + 1;
    }
    for (int k = 0; k < count; k++) {
      offsets[k] = lexicalOffsets[order[k]];
      chances[k] = lexicalChances[order[k]];
    }
  }

  /** Index of the first way that fills so many; from {@code holes + 1} on it is their number. */
  int from(int filled) {
    return from[Math.min(filled, holes + 1)];
  }

  /** By how much each way lowers the index of the state. */
  int[] offsets() {
    return offsets;
  }

  /** The probability of each way's tokens. */
  double[] chances() {
    return chances;
  }
}
