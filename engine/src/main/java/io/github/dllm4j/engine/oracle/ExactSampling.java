package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RevealPlan;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The exact law of what the sampler puts out, by enumeration through the same denoiser and the same
 * plan that the sampler runs (spec section 18).
 *
 * <p>The state is the partly filled canvas. From a state with m holes a step fills a set A with
 * probability {@link RevealPlan#chance}(step, |A|, m) and then each token of A by its own law. Cost
 * O((2S+1)^holes) per step and (S+1)^holes denoiser rows once, so for small canvases: at most 2^24
 * states.
 */
public final class ExactSampling {
  private static final int BATCH = 256;

  private final int symbols;
  private final int base;
  private final int[] holes;
  private final int[] powers; // of the base, most significant hole first
  private final double[][][] laws; // [state][hole][symbol]; empty where filled

  /**
   * Asks the denoiser about every partly filled canvas.
   *
   * @param denoiser a masking denoiser whose MASK is its last id; noise levels come from the share
   *     of masked tokens
   * @param canvas what the sampler completes
   * @param temperature as in the sampler's task
   * @param topP as in the sampler's task
   */
  public ExactSampling(Denoiser denoiser, Canvas canvas, double temperature, double topP) {
    base = denoiser.vocabulary();
    symbols = base - 1;
    if (denoiser.mask().orElse(-1) != symbols) {
      throw new IllegalArgumentException(
          "MASK must be the last id %d, got %s".formatted(symbols, denoiser.mask()));
    }
    holes = canvas.holes();
    laws = new double[Words.states(base, holes.length, "number of states")][holes.length][0];
    powers = new int[holes.length];
    for (int h = holes.length - 1, power = 1; h >= 0; h--, power *= base) {
      powers[h] = power;
    }
    for (int from = 0; from < laws.length; from += BATCH) {
      ask(denoiser, canvas, from, Math.min(laws.length, from + BATCH), temperature, topP);
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
        int symbol = symbol(state, h);
        tokens[offset + holes[h]] = symbol;
        if (symbol == symbols) {
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
      double[][] answers = shaped.toArray();
      for (int r = 0; r < indices.length; r++) {
        int hole = Arrays.binarySearch(holes, indices[r] % length);
        laws[from + indices[r] / length][hole] = answers[r];
      }
    }
  }

  private int symbol(int state, int hole) {
    return state / powers[hole] % base;
  }

  /**
   * The law of the filled canvas.
   *
   * @param plan what the sampler executes
   * @return probabilities of the words in the holes, row-major, first hole most significant,
   *     [S^holes]
   */
  public double[] outputLaw(RevealPlan plan) {
    double[] states = new double[laws.length];
    states[states.length - 1] = 1; // every digit is MASK, the largest
    for (int step = 0; step < plan.steps(); step++) {
      states = step(states, plan, step);
    }
    double[] words = new double[Words.states(symbols, holes.length, "number of words")];
    for (int word = 0; word < words.length; word++) {
      words[word] = states[stateOf(word)];
    }
    return words;
  }

  private int stateOf(int word) {
    int state = 0;
    int rest = word;
    for (int h = holes.length - 1; h >= 0; h--) {
      state += rest % symbols * powers[h];
      rest /= symbols;
    }
    return state;
  }

  private double[] step(double[] states, RevealPlan plan, int step) {
    double[] next = new double[states.length];
    for (int state = 0; state < states.length; state++) {
      if (states[state] > 0) {
        new Move(plan, step, state, next).go(0, 0, state, states[state]);
      }
    }
    return next;
  }

  /** All that one step can make of one state. */
  private final class Move {
    private final double[][] answers;
    private final int[] masked;
    private final double[] chances; // by number of holes filled
    private final double[] next;

    Move(RevealPlan plan, int step, int state, double[] next) {
      this.next = next;
      answers = laws[state];
      masked = IntStream.range(0, holes.length).filter(h -> symbol(state, h) == symbols).toArray();
      chances = new double[masked.length + 1];
      if (masked.length == 0) {
        chances[0] = 1;
      } else {
        Arrays.setAll(chances, chosen -> plan.chance(step, chosen, masked.length));
      }
    }

    /** Decides the masked holes from the m-th on; {@code filled} are filled so far. */
    void go(int m, int filled, int state, double probability) {
      if (m == masked.length) {
        next[state] += probability * chances[filled];
        return;
      }
      boolean reachable = false;
      for (int chosen = filled; chosen <= filled + masked.length - m; chosen++) {
        reachable |= chances[chosen] > 0;
      }
      if (!reachable) {
        return;
      }
      go(m + 1, filled, state, probability);
      int hole = masked[m];
      for (int v = 0; v < symbols; v++) {
        double p = answers[hole][v];
        if (p > 0) {
          go(m + 1, filled + 1, state - (symbols - v) * powers[hole], probability * p);
        }
      }
    }
  }
}
