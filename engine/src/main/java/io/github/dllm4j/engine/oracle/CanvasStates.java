package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * All partly filled versions of a canvas, numbered, with the denoiser's law of every hole that is
 * left. A state is the number of the symbols in the holes to the base S + 1, MASK being S, first
 * hole most significant; (S+1)^holes denoiser rows, asked once, at most 2^24 states.
 */
final class CanvasStates {
  private static final int BATCH = 256;

  private final int symbols;
  private final int[] holes;
  private final int[] powers; // of S + 1, by hole
  private final double[][][] raw; // [state][hole][id]; null where filled
  private final double[][][] laws; // the same after temperature and nucleus

  /** Takes what comes of a state, and how likely. */
  @FunctionalInterface
  interface Sink {
    void add(int state, double probability);
  }

  /** Asks the denoiser about every state; parameters as in {@link ExactSampling}. */
  CanvasStates(Denoiser denoiser, Canvas canvas, double temperature, double topP) {
    symbols = denoiser.vocabulary() - 1;
    if (denoiser.mask().orElse(-1) != symbols) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "MASK must be the last id %d, got %s", symbols, denoiser.mask()));
    }
    holes = canvas.holes();
    int count = Words.states(symbols + 1, holes.length, "number of states");
    raw = new double[count][holes.length][];
    boolean shaped = temperature != 1 || topP != 1;
    laws = shaped ? new double[count][holes.length][] : raw;
    powers = new int[holes.length];
    for (int h = holes.length - 1, power = 1; h >= 0; h--, power *= symbols + 1) {
      powers[h] = power;
    }
    for (int from = 0; from < count; from += BATCH) {
      ask(denoiser, canvas, from, Math.min(count, from + BATCH), temperature, topP);
    }
  }

  private void ask(
      Denoiser denoiser, Canvas canvas, int from, int to, double temperature, double topP) {
    int length = canvas.length();
    int[] tokens = new int[(to - from) * length];
    double[] sigmas = new double[to - from];
    IntStream.Builder rows = IntStream.builder();
    for (int state = from; state < to; state++) {
      int offset = (state - from) * length;
      System.arraycopy(canvas.tokens(), 0, tokens, offset, length);
      int masked = 0;
      for (int h = 0; h < holes.length; h++) {
        tokens[offset + holes[h]] = symbol(state, h);
        if (isMasked(state, h)) {
          rows.add(offset + holes[h]);
          masked++;
        }
      }
      sigmas[state - from] = -Math.log1p(-masked / (double) length);
    }
    int[] indices = rows.build().toArray();
    if (indices.length == 0) {
      return;
    }
    try (TokenLaws asked =
            denoiser.predict(TokenBatch.of(length, tokens, sigmas), Rows.of(indices));
        TokenLaws shaped = asked.shaped(temperature, topP)) {
      double[][] before = asked.toArray();
      double[][] after = shaped.toArray();
      for (int r = 0; r < indices.length; r++) {
        int hole = Arrays.binarySearch(holes, indices[r] % length);
        raw[from + indices[r] / length][hole] = before[r];
        laws[from + indices[r] / length][hole] = after[r];
      }
    }
  }

  /** Number of states, (S+1)^holes. */
  int count() {
    return laws.length;
  }

  /** Number of holes of the canvas. */
  int holes() {
    return holes.length;
  }

  /** Number of clean tokens S. */
  int symbols() {
    return symbols;
  }

  /** What stands in a hole: a token, or S for MASK. */
  int symbol(int state, int hole) {
    return state / powers[hole] % (symbols + 1);
  }

  boolean isMasked(int state, int hole) {
    return symbol(state, hole) == symbols;
  }

  /** The holes that are left, ascending. */
  int[] masked(int state) {
    int[] masked = new int[holes.length];
    int count = 0;
    int rest = state;
    for (int h = holes.length - 1; h >= 0; h--, rest /= symbols + 1) {
      if (rest % (symbols + 1) == symbols) {
        masked[count++] = h;
      }
    }
    int[] ascending = new int[count];
    for (int k = 0; k < count; k++) {
      ascending[k] = masked[count - 1 - k];
    }
    return ascending;
  }

  /** Where in the canvas some holes are. */
  int[] positions(int[] some) {
    return Arrays.stream(some).map(h -> holes[h]).toArray();
  }

  /** The holes that hold tokens, ascending. */
  int[] filled(int state) {
    return IntStream.range(0, holes.length).filter(h -> !isMasked(state, h)).toArray();
  }

  /** The state with another symbol in a hole. */
  int with(int state, int hole, int symbol) {
    return state + (symbol - symbol(state, hole)) * powers[hole];
  }

  /** The law that the sampler draws a masked hole from, [S + 1]; MASK has none of it. */
  double[] law(int state, int hole) {
    return laws[state][hole];
  }

  /** The laws of all holes, null where filled, [holes]. */
  double[][] laws(int state) {
    return laws[state];
  }

  /** By how much a state's index grows with the token, by hole. */
  int[] powers() {
    return powers;
  }

  /** The same before temperature and nucleus. */
  double[] raw(int state, int hole) {
    return raw[state][hole];
  }

  /** The full state of a word's index. */
  int ofWord(int word) {
    int state = 0;
    int rest = word;
    for (int h = holes.length - 1; h >= 0; h--) {
      state += rest % symbols * powers[h];
      rest /= symbols;
    }
    return state;
  }

  /** The law of the words from that of the states; what is not full is left out. */
  double[] words(double[] states) {
    double[] words = new double[Words.states(symbols, holes.length, "number of words")];
    for (int word = 0; word < words.length; word++) {
      words[word] = states[ofWord(word)];
    }
    return words;
  }

  /** A masked hole that is filled from its law with some probability, [S + 1]. */
  double[] filling(int state, int hole, double chance) {
    double[] row = law(state, hole).clone();
    for (int v = 0; v < symbols; v++) {
      row[v] *= chance;
    }
    row[symbols] = 1 - chance;
    return row;
  }

  /** A hole that stays as it is, [S + 1]. */
  double[] staying(int state, int hole) {
    double[] row = new double[symbols + 1];
    row[symbol(state, hole)] = 1;
    return row;
  }

  /**
   * Everything that independent changes of the holes make of a state.
   *
   * @param rows probabilities of what stands in each hole afterwards, [holes][S + 1]
   */
  void spread(double[][] rows, double probability, Sink sink) {
    spread(rows, 0, 0, probability, sink);
  }

  private void spread(double[][] rows, int hole, int state, double probability, Sink sink) {
    if (hole == rows.length) {
      sink.add(state, probability);
      return;
    }
    for (int v = 0; v <= symbols; v++) {
      if (rows[hole][v] > 0) {
        spread(rows, hole + 1, state + v * powers[hole], probability * rows[hole][v], sink);
      }
    }
  }
}
