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
 * <p>The state is the partly filled canvas. A scheduled plan is a mixture of plans of sizes ({@link
 * SizeMixture}), and all its courses are followed at once: a state with m holes left carries, for
 * every course from m, the probability to be there and to go on like that. A step that fills s of m
 * holes takes each set A of s with probability 1 / C(m, s) and fills each token of A by its own
 * law. An adaptive plan is shown every combination of candidates that differ to it, and keeps what
 * it keeps.
 *
 * <p>Cost (S+1)^holes denoiser rows once; then O((2S+2)^holes) for a scheduled plan whatever its
 * steps, O((2S)^holes) per step for an adaptive plan whose confidences differ by candidate,
 * O((3S+1)^holes) per step for a remasking one. For small canvases: at most 2^24 states.
 */
public final class ExactSampling {
  private static final int BATCH = 256;

  private final int symbols;
  private final int base;
  private final int[] holes;
  private final int[] powers; // of the base, most significant hole first
  private final double[][][] raw; // [state][hole][id]; null where filled
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
    raw = new double[Words.states(base, holes.length, "number of states")][holes.length][];
    boolean shaped = temperature != 1 || topP != 1;
    laws = shaped ? new double[raw.length][holes.length][] : raw;
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
    return plan instanceof ScheduledPlan scheduled
        ? mixed(scheduled, states)
        : stepped(plan, states);
  }

  /** Follows all courses of a scheduled plan at once, from the most holes to none. */
  private Output mixed(ScheduledPlan plan, double[] start) {
    boolean[] possible = new boolean[holes.length + 1];
    for (int state = 0; state < start.length; state++) {
      possible[masked(state).length] |= start[state] > 0;
    }
    SizeMixture mixture = new SizeMixture(plan, possible);
    int[] at = new int[start.length + 1]; // where the slots of a state begin
    for (int state = 0; state < start.length; state++) {
      at[state + 1] = Math.addExact(at[state], mixture.slots(masked(state).length));
    }
    double[] waiting = new double[at[start.length]];
    double evaluations = 0;
    for (int state = 0; state < start.length; state++) {
      if (start[state] > 0) {
        double[] courses = mixture.start(masked(state).length);
        for (int slot = 0; slot < courses.length; slot++) {
          waiting[at[state] + slot] = start[state] * courses[slot];
        }
        evaluations += start[state] * mixture.evaluations(masked(state).length);
      }
    }
    for (int left = holes.length; left > 0; left--) {
      Filling filling = new Filling(mixture, left, at, waiting);
      for (int state = 0; state < start.length; state++) {
        if (at[state + 1] > at[state] && masked(state).length == left) {
          filling.of(state);
        }
      }
    }
    double[] states = new double[start.length];
    Arrays.setAll(states, s -> at[s + 1] > at[s] && masked(s).length == 0 ? waiting[at[s]] : 0);
    return new Output(words(states), evaluations);
  }

  /** Makes one step after the other. */
  private Output stepped(RevealPlan plan, double[] start) {
    double[] states = start;
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
        } else if (states[state] > 0) {
          evaluations += states[state];
          AdaptivePlan adaptive = (AdaptivePlan) plan;
          new Keeping(adaptive, step, state, masked, next).go(0, states[state]);
        }
      }
      states = next;
    }
    return new Output(words(states), evaluations);
  }

  private double[] words(double[] states) {
    double[] words = new double[Words.states(symbols, holes.length, "number of words")];
    for (int word = 0; word < words.length; word++) {
      words[word] = states[stateOf(word)];
    }
    return words;
  }

  /** The law of {@link #run}. */
  public double[] outputLaw(RevealPlan plan) {
    return run(plan).law();
  }

  private int[] masked(int state) {
    int[] masked = new int[holes.length];
    int left = 0;
    for (int h = 0; h < holes.length; h++) {
      if (symbol(state, h) == symbols) {
        masked[left++] = h;
      }
    }
    return Arrays.copyOf(masked, left);
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

  /** All that one step of a scheduled plan can make of the states with so many holes left. */
  private final class Filling {
    private final SizeMixture mixture;
    private final int left;
    private final int[] at;
    private final double[] waiting;
    private final Fillings first; // of the first half of the masked holes
    private final Fillings second;

    Filling(SizeMixture mixture, int left, int[] at, double[] waiting) {
      this.mixture = mixture;
      this.left = left;
      this.at = at;
      this.waiting = waiting;
      first = new Fillings(left / 2, symbols);
      second = new Fillings(left - left / 2, symbols);
    }

    void of(int state) {
      int[] masked = masked(state);
      first.of(laws[state], masked, 0, powers);
      second.of(laws[state], masked, left / 2, powers);
      double[][] moved = new double[left + 1][];
      for (int size = 1; size <= left; size++) {
        int from = at[state] + mixture.moves(left, size).from();
        moved[size] =
            Arrays.copyOfRange(waiting, from, from + mixture.moves(left, size).to().length);
        for (int slot = 0; slot < moved[size].length; slot++) {
          moved[size][slot] /= SizeMixture.sets(left, size);
        }
      }
      for (int ofFirst = 0; ofFirst <= left / 2; ofFirst++) {
        for (int a = first.from(ofFirst); a < first.from(ofFirst + 1); a++) {
          for (int size = Math.max(1, ofFirst); size <= left; size++) {
            if (moved[size].length > 0 && first.chances()[a] > 0) {
              move(
                  state - first.offsets()[a],
                  first.chances()[a],
                  size - ofFirst,
                  moved[size],
                  mixture.moves(left, size).to());
            }
          }
        }
      }
    }

    /** Fills so many of the second half. */
    private void move(int base, double chance, int ofSecond, double[] moved, int[] to) {
      int[] offsets = second.offsets();
      double[] chances = second.chances();
      int end = second.from(ofSecond + 1);
      for (int b = second.from(ofSecond); b < end; b++) {
        double p = chance * chances[b];
        int target = at[base - offsets[b]];
        for (int k = 0; k < moved.length && p > 0; k++) {
          waiting[target + to[k]] += p * moved[k];
        }
      }
    }
  }

  /**
   * All that one step of an adaptive plan can make of one state. Candidates of the same confidence
   * are all one to the plan.
   */
  private final class Keeping {
    private final AdaptivePlan plan;
    private final int step;
    private final int state;
    private final int[] masked;
    private final double[][] levels; // different confidences of each masked hole
    private final int[][][] tokens; // [masked hole][level], candidates
    private final double[][] masses; // [masked hole][level]
    private final int[] chosen; // level of each masked hole
    private final double[] confidences;
    private final double[] next;

    Keeping(AdaptivePlan plan, int step, int state, int[] masked, double[] next) {
      this.plan = plan;
      this.step = step;
      this.state = state;
      this.masked = masked;
      this.next = next;
      HeapLaws answers =
          HeapLaws.of(Arrays.stream(masked).mapToObj(h -> raw[state][h]).toArray(double[][]::new));
      double[][] all = new double[symbols][]; // [candidate][masked hole]
      for (int v = 0; v < symbols; v++) {
        int[] candidates = new int[masked.length];
        Arrays.fill(candidates, v);
        all[v] = plan.confidence().of(answers, candidates);
      }
      levels = new double[masked.length][];
      tokens = new int[masked.length][][];
      masses = new double[masked.length][];
      for (int m = 0; m < masked.length; m++) {
        int hole = m;
        double[] law = laws[state][masked[m]];
        int[] possible = IntStream.range(0, symbols).filter(v -> law[v] > 0).toArray();
        levels[m] = Arrays.stream(possible).mapToDouble(v -> all[v][hole]).distinct().toArray();
        tokens[m] = new int[levels[m].length][];
        masses[m] = new double[levels[m].length];
        for (int l = 0; l < levels[m].length; l++) {
          double level = levels[m][l];
          tokens[m][l] = Arrays.stream(possible).filter(v -> all[v][hole] == level).toArray();
          masses[m][l] = Arrays.stream(tokens[m][l]).mapToDouble(v -> law[v]).sum();
        }
      }
      chosen = new int[masked.length];
      confidences = new double[masked.length];
    }

    /** Chooses levels for the masked holes from the m-th on; then the plan keeps some. */
    void go(int m, double probability) {
      if (m == masked.length) {
        keep(plan.keep(step, confidences), 0, state, probability);
        return;
      }
      for (int l = 0; l < levels[m].length; l++) {
        chosen[m] = l;
        confidences[m] = levels[m][l];
        go(m + 1, probability * masses[m][l]);
      }
    }

    /** Fills the kept holes from the k-th on. */
    private void keep(int[] kept, int k, int to, double probability) {
      if (k == kept.length) {
        next[to] += probability;
        return;
      }
      int m = kept[k];
      int hole = masked[m];
      for (int v : tokens[m][chosen[m]]) {
        double p = laws[state][hole][v] / masses[m][chosen[m]];
        keep(kept, k + 1, to - (symbols - v) * powers[hole], probability * p);
      }
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
