package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.BlockPlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.CorrectedPlan;
import io.github.dllm4j.engine.sample.RemaskPlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import io.github.dllm4j.engine.sample.TrapezoidalPlan;
import java.util.Arrays;
import java.util.stream.DoubleStream;

/**
 * The exact law of what the sampler puts out, by enumeration through the same denoiser and the same
 * plan that the sampler runs (spec section 18).
 *
 * <p>The state is the partly filled canvas. From a state with m holes a step of a scheduled plan
 * fills a set A with probability {@link ScheduledPlan#chance}(step, |A|, m) and then each token of
 * A by its own law; an adaptive plan is shown every combination of candidates and keeps what it
 * keeps; a trapezoidal plan makes every second leap from every first one; a corrected plan's
 * updates are made of whole laws. Cost O((2S+1)^holes) per step, O((2S)^holes) for adaptive and
 * O((3S+1)^holes) for trapezoidal plans, and (S+1)^holes denoiser rows once, so for small canvases:
 * at most 2^24 states.
 */
public final class ExactSampling {
  private final CanvasStates canvases;

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
    canvases = new CanvasStates(denoiser, canvas, temperature, topP);
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
    if (plan instanceof BlockPlan) {
      throw new IllegalArgumentException(
          "a plan in blocks is enumerated block by block: run the plan of each, got " + plan);
    }
    double[] states = new double[canvases.count()];
    for (int state = 0; state < states.length; state++) {
      int masked = canvases.masked(state).length;
      double token = Math.pow(filled / canvases.symbols(), canvases.holes() - masked);
      states[state] = token * Math.pow(1 - filled, masked);
    }
    if (plan instanceof RemaskPlan remask) {
      return new ExactRemasking(canvases, remask).run(states);
    }
    if (plan instanceof ScheduledPlan scheduled) {
      return new ExactSchedule(canvases, scheduled).run(states);
    }
    double evaluations = 0;
    for (int step = 0; step < plan.steps(canvases.holes()); step++) {
      double[] next = new double[states.length];
      evaluations += step(plan, step, states, next);
      states = next;
    }
    return new Output(canvases.words(states), evaluations);
  }

  /** The law of {@link #run}. */
  public double[] outputLaw(RevealPlan plan) {
    return run(plan).law();
  }

  /**
   * The conditional KL of a plan with this denoiser, exact or not, by enumeration of the ordered
   * reveal sets: the mean over them of KL(data || output given the sets), nats (spec sections 0 and
   * 4, K4). Cost O(steps 3^holes + 2^holes S^holes).
   *
   * @param plan what the sampler executes
   * @param data law of the words in the holes, as in {@link Output}
   * @return nats; infinity if the denoiser rules out what the data holds
   */
  public double conditionalKl(ScheduledPlan plan, double[] data) {
    int all = (1 << canvases.holes()) - 1;
    double[] surprise = new double[all + 1];
    for (int filled = 0; filled < all; filled++) {
      surprise[filled] = surprise(filled, data);
    }
    double[] reached = new double[all + 1]; // by set of filled holes
    reached[0] = 1;
    double nats = 0;
    for (double p : data) {
      nats += p > 0 ? p * Math.log(p) : 0;
    }
    for (int step = 0; step < plan.steps(); step++) {
      double[] next = new double[all + 1];
      for (int filled = 0; filled <= all; filled++) {
        int left = all & ~filled;
        int masked = Integer.bitCount(left);
        for (int set = left; ; set = (set - 1) & left) {
          int chosen = Integer.bitCount(set);
          double p = reached[filled] == 0 ? 0 : reached[filled] * plan.chance(step, chosen, masked);
          next[filled | set] += p;
          // By symmetry every masked hole is in the set equally often.
          nats += p == 0 || chosen == 0 ? 0 : p * chosen / masked * surprise[filled];
          if (set == 0) {
            break;
          }
        }
      }
      reached = next;
    }
    return nats;
  }

  /** Sum over the holes left of the mean of -ln p(x_i | x_filled), nats. */
  private double surprise(int filled, double[] data) {
    double nats = 0;
    for (int word = 0; word < data.length; word++) {
      int full = canvases.ofWord(word);
      int state = full;
      for (int h = 0; h < canvases.holes(); h++) {
        state = (filled >> h & 1) == 1 ? state : canvases.with(state, h, canvases.symbols());
      }
      for (int h : data[word] > 0 ? canvases.masked(state) : new int[0]) {
        nats -= data[word] * Math.log(canvases.law(state, h)[canvases.symbol(full, h)]);
      }
    }
    return nats;
  }

  /** One step from a law of states to the next; returns the expected evaluations. */
  private double step(RevealPlan plan, int step, double[] states, double[] next) {
    if (plan instanceof CorrectedPlan corrected) {
      double[] moved = new double[states.length];
      double calls = fill(corrected.predictor(), step, states, moved, next);
      for (int update = 0; update < corrected.updates(); update++) {
        moved = gibbs(moved);
      }
      for (int state = 0; state < moved.length; state++) {
        next[state] += moved[state];
      }
      return calls * (1 + corrected.updates());
    }
    double evaluations = 0;
    for (int state = 0; state < states.length; state++) {
      double probability = states[state];
      int[] masked = canvases.masked(state);
      if (masked.length == 0 || probability == 0) {
        next[state] += probability;
      } else if (plan instanceof TrapezoidalPlan trapezoidal) {
        evaluations += leap(trapezoidal, step, state, probability, next);
      } else {
        evaluations += probability;
        AdaptivePlan adaptive = (AdaptivePlan) plan;
        int[] open = Arrays.copyOf(masked, adaptive.open(masked.length));
        new AdaptiveStep(canvases, adaptive, step, state, open, next).run(probability);
      }
    }
    return evaluations;
  }

  /** One step of a scheduled plan; what it does not change is kept apart. */
  private double fill(
      ScheduledPlan plan, int step, double[] states, double[] moved, double[] unmoved) {
    double evaluations = 0;
    for (int state = 0; state < states.length; state++) {
      int[] masked = canvases.masked(state);
      if (masked.length == 0 || states[state] == 0) {
        unmoved[state] += states[state];
        continue;
      }
      double[] chances = new double[masked.length + 1];
      Arrays.setAll(chances, chosen -> plan.chance(step, chosen, masked.length));
      evaluations += states[state] * (1 - chances[0]);
      unmoved[state] += states[state] * chances[0];
      chances[0] = 0;
      new Filling(state, masked, chances, moved).go(0, 0, state, states[state]);
    }
    return evaluations;
  }

  /** One Gibbs update: one of the filled holes, each as likely, is masked and drawn again. */
  double[] gibbs(double[] states) {
    double[] next = new double[states.length];
    for (int state = 0; state < states.length; state++) {
      int[] filled = states[state] > 0 ? canvases.filled(state) : new int[0];
      if (filled.length == 0) {
        next[state] += states[state];
      }
      for (int hole : filled) {
        int without = canvases.with(state, hole, canvases.symbols());
        for (int v = 0; v < canvases.symbols(); v++) {
          next[canvases.with(without, hole, v)] +=
              states[state] / filled.length * canvases.law(without, hole)[v];
        }
      }
    }
    return next;
  }

  /** Both leaps of a step from one state. */
  private double leap(TrapezoidalPlan plan, int step, int from, double probability, double[] next) {
    double[][] first = new double[canvases.holes()][];
    for (int h = 0; h < first.length; h++) {
      first[h] =
          canvases.isMasked(from, h)
              ? canvases.filling(from, h, plan.firstChance(step))
              : canvases.staying(from, h);
    }
    double[] second = new double[1]; // probability of the second call
    canvases.spread(
        first,
        probability,
        (middle, p) -> {
          if (canvases.masked(middle).length > 0) {
            second[0] += p;
          }
          canvases.spread(secondLeap(plan, step, from, middle), p, (to, q) -> next[to] += q);
        });
    return probability + second[0];
  }

  private double[][] secondLeap(TrapezoidalPlan plan, int step, int from, int middle) {
    double[][] rows = new double[canvases.holes()][];
    for (int h = 0; h < rows.length; h++) {
      rows[h] = canvases.staying(middle, h);
      if (canvases.isMasked(middle, h)) {
        double[] rates = plan.secondRates(canvases.law(from, h), canvases.law(middle, h));
        double total = DoubleStream.of(rates).sum();
        double chance = plan.secondChance(step, total);
        for (int v = 0; v < canvases.symbols() && total > 0; v++) {
          rows[h][v] = chance * rates[v] / total;
        }
        rows[h][canvases.symbols()] = 1 - chance;
      }
    }
    return rows;
  }

  /** All that one step of a scheduled plan can make of one state. */
  private final class Filling {
    private final int from;
    private final int[] masked;
    private final double[] chances; // by number of holes filled
    private final double[] next;

    Filling(int state, int[] masked, double[] chances, double[] next) {
      this.masked = masked;
      this.chances = chances;
      this.next = next;
      from = state;
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
      for (int v = 0; v < canvases.symbols(); v++) {
        double p = canvases.law(from, hole)[v];
        if (p > 0) {
          go(m + 1, filled + 1, canvases.with(state, hole, v), probability * p);
        }
      }
    }
  }
}
