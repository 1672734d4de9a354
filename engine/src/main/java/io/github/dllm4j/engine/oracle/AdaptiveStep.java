package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * All that one step of an adaptive plan can make of one state. Candidates of the same confidence
 * are all one to the plan.
 */
final class AdaptiveStep {
  private final CanvasStates canvases;
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

  AdaptiveStep(
      CanvasStates canvases, AdaptivePlan plan, int step, int state, int[] masked, double[] next) {
    this.canvases = canvases;
    this.plan = plan;
    this.step = step;
    this.state = state;
    this.masked = masked;
    this.next = next;
    HeapLaws answers =
        HeapLaws.of(
            Arrays.stream(masked).mapToObj(h -> canvases.raw(state, h)).toArray(double[][]::new));
    double[][] all = new double[canvases.symbols()][]; // [candidate][masked hole]
    for (int v = 0; v < canvases.symbols(); v++) {
      int[] candidates = new int[masked.length];
      Arrays.fill(candidates, v);
      all[v] = plan.confidence().of(answers, candidates);
    }
    levels = new double[masked.length][];
    tokens = new int[masked.length][][];
    masses = new double[masked.length][];
    for (int m = 0; m < masked.length; m++) {
      int hole = m;
      double[] law = canvases.law(state, masked[m]);
      int[] possible = IntStream.range(0, canvases.symbols()).filter(v -> law[v] > 0).toArray();
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

  /** Adds all that comes of the state to the law of the next states. */
  void run(double probability) {
    go(0, probability);
  }

  /** Chooses levels for the masked holes from the m-th on; then the plan keeps some. */
  private void go(int m, double probability) {
    if (m == masked.length) {
      keep(plan.keep(step, canvases.positions(masked), confidences), 0, state, probability);
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
      double p = canvases.law(state, hole)[v] / masses[m][chosen[m]];
      keep(kept, k + 1, canvases.with(to, hole, v), probability * p);
    }
  }
}
