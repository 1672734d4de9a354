package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.RemaskPlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The exact law of what the sampler puts out, by enumeration through the same denoiser and the same
 * plan that the sampler runs (spec section 18).
 *
 * <p>The state is the partly filled canvas. From a state with m holes a step of a scheduled plan
 * fills a set A with probability {@link ScheduledPlan#chance}(step, |A|, m) and then each token of
 * A by its own law; an adaptive plan is shown every combination of candidates and keeps what it
 * keeps. Cost O((2S+1)^holes) per step, O((2S)^holes) for adaptive plans, and (S+1)^holes denoiser
 * rows once, so for small canvases: at most 2^24 states.
 */
public final class ExactSampling {
  private static final int BATCH = 256;

  private final int symbols;
  private final int base;
  private final int[] holes;
  private final int[] powers; // of the base, most significant hole first
  private final double[][][] raw; // [state][hole][id]; empty where filled
  private final double[][][] laws; // the same after temperature and nucleus

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
          String.format(
              Locale.ROOT, "MASK must be the last id %d, got %s", symbols, denoiser.mask()));
    }
    holes = canvas.holes();
    raw = new double[Words.states(base, holes.length, "number of states")][holes.length][0];
    boolean shaped = temperature != 1 || topP != 1;
    laws = shaped ? new double[raw.length][holes.length][0] : raw;
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
      double[][] before = asked.toArray();
      double[][] after = shaped.toArray();
      for (int r = 0; r < indices.length; r++) {
        int hole = Arrays.binarySearch(holes, indices[r] % length);
        raw[from + indices[r] / length][hole] = before[r];
        laws[from + indices[r] / length][hole] = after[r];
      }
    }
  }

  private int symbol(int state, int hole) {
    return state / powers[hole] % base;
  }

  /**
   * What a plan puts out.
   *
   * @param law probabilities of the words in the holes, row-major, first hole most significant,
   *     [S^holes]
   * @param expectedEvaluations mean number of network evaluations of a sample
   */
  public record Output(double[] law, double expectedEvaluations) {}

  /**
   * Runs a plan from the canvas.
   *
   * @param plan what the sampler executes
   * @return its exact output
   */
  public Output run(RevealPlan plan) {
    return run(plan, 0);
  }

  /**
   * Runs a plan from the random start of Theorem 12, where every hole already holds a uniformly
   * drawn token with some probability. Only there to make path divergences finite; the sampler
   * never starts like this.
   *
   * @param plan what the sampler executes
   * @param filled that probability, e^-T for a horizon T
   * @return its exact output
   */
  public Output run(RevealPlan plan, double filled) {
    double[] states = new double[laws.length];
    for (int state = 0; state < states.length; state++) {
      int masked = masked(state).length;
      double token = Math.pow(filled / symbols, holes.length - masked);
      states[state] = token * Math.pow(1 - filled, masked);
    }
    double evaluations = 0;
    for (int step = 0; step < plan.steps(holes.length); step++) {
      double[] next = new double[states.length];
      for (int state = 0; state < states.length; state++) {
        int[] masked = masked(state);
        if (plan instanceof RemaskPlan remask) {
          double fill = remask.fillChance(step);
          evaluations += states[state] * (1 - Math.pow(1 - fill, masked.length));
          new Moving(fill, remask.remaskChance(step), state, next).go(0, state, states[state]);
        } else if (masked.length == 0) {
          next[state] += states[state];
        } else if (states[state] > 0 && plan instanceof ScheduledPlan scheduled) {
          double[] chances = chances(scheduled, step, masked.length);
          evaluations += states[state] * (1 - chances[0]);
          new Filling(state, masked, chances, next).go(0, 0, state, states[state]);
        } else if (states[state] > 0) {
          evaluations += states[state];
          AdaptivePlan adaptive = (AdaptivePlan) plan;
          new Keeping(adaptive, step, state, masked, next).go(0, states[state]);
        }
      }
      states = next;
    }
    double[] words = new double[Words.states(symbols, holes.length, "number of words")];
    for (int word = 0; word < words.length; word++) {
      words[word] = states[stateOf(word)];
    }
    return new Output(words, evaluations);
  }

  /** The law of {@link #run}. */
  public double[] outputLaw(RevealPlan plan) {
    return run(plan).law();
  }

  private int[] masked(int state) {
    return IntStream.range(0, holes.length).filter(h -> symbol(state, h) == symbols).toArray();
  }

  private static double[] chances(ScheduledPlan plan, int step, int masked) {
    double[] chances = new double[masked + 1];
    Arrays.setAll(chances, chosen -> plan.chance(step, chosen, masked));
    return chances;
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

  /** All that one step of a scheduled plan can make of one state. */
  private final class Filling {
    private final double[][] answers;
    private final int[] masked;
    private final double[] chances; // by number of holes filled
    private final double[] next;

    Filling(int state, int[] masked, double[] chances, double[] next) {
      this.masked = masked;
      this.chances = chances;
      this.next = next;
      answers = laws[state];
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

  /** All that one step of an adaptive plan can make of one state. */
  private final class Keeping {
    private final AdaptivePlan plan;
    private final int step;
    private final int state;
    private final int[] masked;
    private final HeapLaws answers;
    private final int[] candidates;
    private final double[] next;

    Keeping(AdaptivePlan plan, int step, int state, int[] masked, double[] next) {
      this.plan = plan;
      this.step = step;
      this.state = state;
      this.masked = masked;
      this.next = next;
      answers =
          HeapLaws.of(Arrays.stream(masked).mapToObj(h -> raw[state][h]).toArray(double[][]::new));
      candidates = new int[masked.length];
    }

    /** Draws candidates for the masked holes from the m-th on; then the plan keeps some. */
    void go(int m, double probability) {
      if (m < masked.length) {
        for (int v = 0; v < symbols; v++) {
          double p = laws[state][masked[m]][v];
          if (p > 0) {
            candidates[m] = v;
            go(m + 1, probability * p);
          }
        }
        return;
      }
      int to = state;
      for (int kept : plan.keep(step, plan.confidence().of(answers, candidates))) {
        to -= (symbols - candidates[kept]) * powers[masked[kept]];
      }
      next[to] += probability;
    }
  }

  /** All that one step that fills and remasks can make of one state. */
  private final class Moving {
    private final double fill;
    private final double remask;
    private final int from;
    private final double[] next;

    Moving(double fill, double remask, int from, double[] next) {
      this.fill = fill;
      this.remask = remask;
      this.from = from;
      this.next = next;
    }

    /** Decides the holes from one on. */
    void go(int hole, int state, double probability) {
      if (probability == 0) {
        return;
      }
      if (hole == holes.length) {
        next[state] += probability;
        return;
      }
      int symbol = symbol(from, hole);
      boolean masked = symbol == symbols;
      go(hole + 1, state, probability * (1 - (masked ? fill : remask)));
      if (!masked) {
        go(hole + 1, state + (symbols - symbol) * powers[hole], probability * remask);
      }
      for (int v = 0; v < symbols && masked; v++) {
        double p = laws[from][hole][v];
        go(hole + 1, state - (symbols - v) * powers[hole], probability * fill * p);
      }
    }
  }
}
