package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.sample.RemaskPlan;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The exact law of a remasking sampler. By confidence the state is the partly filled canvas
 * together with the probability that each of its tokens had when it was drawn; these are finitely
 * many, but more with every step. Otherwise it is the canvas alone.
 */
final class ExactRemasking {
  private final CanvasStates canvases;
  private final RemaskPlan plan;

  /** A canvas; confidences by hole, 0 where masked or where they do not matter, [holes]. */
  private record State(int canvas, List<Double> confidences) {}

  ExactRemasking(CanvasStates canvases, RemaskPlan plan) {
    this.canvases = canvases;
    this.plan = plan;
  }

  /** All steps from a law of canvases. */
  ExactSampling.Output run(double[] start) {
    Map<State, Double> states = states(start);
    double evaluations = 0;
    for (int step = 0; step < plan.steps(); step++) {
      for (Map.Entry<State, Double> entry : states.entrySet()) {
        int masked = canvases.masked(entry.getKey().canvas()).length;
        evaluations += entry.getValue() * (1 - Math.pow(1 - plan.fillChance(step), masked));
      }
      states = step(step, states);
    }
    return new ExactSampling.Output(canvases.words(canvases(states)), evaluations);
  }

  /** One step from a law of canvases whose tokens were drawn with certainty. */
  double[] step(int step, double[] from) {
    return canvases(step(step, states(from)));
  }

  private Map<State, Double> states(double[] law) {
    List<Double> none = Arrays.stream(new double[canvases.holes()]).boxed().toList();
    Map<State, Double> states = new HashMap<>();
    for (int canvas = 0; canvas < law.length; canvas++) {
      if (law[canvas] > 0) {
        states.put(new State(canvas, none), law[canvas]);
      }
    }
    return states;
  }

  private double[] canvases(Map<State, Double> states) {
    double[] law = new double[canvases.count()];
    states.forEach((state, probability) -> law[state.canvas()] += probability);
    return law;
  }

  private Map<State, Double> step(int step, Map<State, Double> states) {
    Map<State, Double> next = new HashMap<>();
    states.forEach(
        (from, probability) ->
            canvases.spread(
                rows(step, from),
                probability,
                (to, p) -> next.merge(new State(to, confidences(from, to)), p, Double::sum)));
    return next;
  }

  /** What stands in each hole afterwards, [holes][S + 1]. */
  private double[][] rows(int step, State from) {
    int[] filled = canvases.filled(from.canvas());
    double[] confidences = Arrays.stream(filled).mapToDouble(from.confidences()::get).toArray();
    double[] remask = plan.remaskChances(step, confidences);
    double[][] rows = new double[canvases.holes()][];
    int next = 0;
    for (int h = 0; h < rows.length; h++) {
      if (canvases.isMasked(from.canvas(), h)) {
        rows[h] = canvases.filling(from.canvas(), h, plan.fillChance(step));
      } else {
        rows[h] = canvases.staying(from.canvas(), h);
        rows[h][canvases.symbol(from.canvas(), h)] = 1 - remask[next];
        rows[h][canvases.symbols()] = remask[next++];
      }
    }
    return rows;
  }

  private List<Double> confidences(State from, int to) {
    if (!plan.looksAtConfidence()) {
      return from.confidences();
    }
    Double[] confidences = from.confidences().toArray(Double[]::new);
    for (int h = 0; h < confidences.length; h++) {
      if (canvases.isMasked(to, h)) {
        confidences[h] = 0.0;
      } else if (canvases.isMasked(from.canvas(), h)) {
        confidences[h] = canvases.raw(from.canvas(), h)[canvases.symbol(to, h)];
      }
    }
    return List.of(confidences);
  }
}
