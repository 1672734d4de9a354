package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.sample.ScheduledPlan;
import java.util.Arrays;

/**
 * The exact law of a scheduled plan. It is a mixture of plans of sizes ({@link SizeMixture}), all
 * of which are followed at once from the most holes to none, so the cost O((2S+2)^holes) does not
 * depend on the number of steps.
 */
final class ExactSchedule {
  private final CanvasStates canvases;
  private final ScheduledPlan plan;

  ExactSchedule(CanvasStates canvases, ScheduledPlan plan) {
    this.canvases = canvases;
    this.plan = plan;
  }

  /** Follows all courses of a scheduled plan at once, from the most holes to none. */
  ExactSampling.Output run(double[] start) {
    boolean[] possible = new boolean[canvases.holes() + 1];
    for (int state = 0; state < start.length; state++) {
      possible[canvases.masked(state).length] |= start[state] > 0;
    }
    SizeMixture mixture = new SizeMixture(plan, possible);
    int[] at = new int[start.length + 1]; // where the slots of a state begin
    for (int state = 0; state < start.length; state++) {
      at[state + 1] = Math.addExact(at[state], mixture.slots(canvases.masked(state).length));
    }
    double[] waiting = new double[at[start.length]];
    double evaluations = 0;
    for (int state = 0; state < start.length; state++) {
      if (start[state] > 0) {
        double[] courses = mixture.start(canvases.masked(state).length);
        for (int slot = 0; slot < courses.length; slot++) {
          waiting[at[state] + slot] = start[state] * courses[slot];
        }
        evaluations += start[state] * mixture.evaluations(canvases.masked(state).length);
      }
    }
    for (int left = canvases.holes(); left > 0; left--) {
      Filling filling = new Filling(mixture, left, at, waiting);
      for (int state = 0; state < start.length; state++) {
        if (at[state + 1] > at[state] && canvases.masked(state).length == left) {
          filling.of(state);
        }
      }
    }
    double[] states = new double[start.length];
    Arrays.setAll(
        states, s -> at[s + 1] > at[s] && canvases.masked(s).length == 0 ? waiting[at[s]] : 0);
    return new ExactSampling.Output(canvases.words(states), evaluations);
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
      first = new Fillings(left / 2, canvases.symbols());
      second = new Fillings(left - left / 2, canvases.symbols());
    }

    void of(int state) {
      int[] masked = canvases.masked(state);
      first.of(canvases.laws(state), masked, 0, canvases.powers());
      second.of(canvases.laws(state), masked, left / 2, canvases.powers());
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
}
