package io.github.dllm4j.engine.info;

import io.github.dllm4j.engine.sample.ChancePlan;
import java.util.Arrays;

/**
 * The plan of chances of least conditional KL for a number of steps (spec 5.3). Its cumulative
 * reveal probabilities 0 = P_0 &lt; .. &lt; P_N = 1 satisfy
 *
 * <pre>
 * P_{k+1} = P_k + (G(P_{k-1}) - G(P_k)) / (-G'(P_k)),   G(p) = d E h(J), J binomial(d-1, p)
 * </pre>
 *
 * <p>so all follow from P_1, which is found by bisection. A plan of sizes with as many steps is
 * never worse ({@link StepPlanner}); this one serves samplers that must keep the tau-leaping form.
 * The curve must not increase. Cost O(N d) per trial, 200 trials.
 */
public final class GridPlanner {
  private GridPlanner() {}

  /**
   * The best plan of chances; equal chances where every plan costs nothing.
   *
   * @param curve not increasing
   * @param steps number of steps, at least 1
   * @return the plan
   */
  public static ChancePlan forSteps(InformationCurve curve, int steps) {
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    if (!curve.isNonIncreasing()) {
      throw new IllegalArgumentException(
          "the optimal grid needs a curve that does not increase, got " + curve);
    }
    double[] nodes = new double[steps + 1];
    if (curve.totalCorrelation() == 0) {
      Arrays.setAll(nodes, k -> k / (double) steps);
    } else if (steps > 1) {
      double low = 0;
      double high = 1;
      for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (shoot(curve, middle, nodes)) {
          low = middle;
        } else {
          high = middle;
        }
      }
      shoot(curve, low, nodes);
    }
    nodes[steps] = 1;
    double[] weights = new double[steps];
    Arrays.setAll(weights, k -> nodes[k + 1] - nodes[k]);
    return ChancePlan.of(weights);
  }

  /** Fills the nodes from P_1; false if they reach 1 too early, so that P_1 must be smaller. */
  private static boolean shoot(InformationCurve curve, double first, double[] nodes) {
    int d = curve.length();
    nodes[1] = first;
    double[] before = Binomial.tails(d - 1, 0);
    for (int k = 1; k < nodes.length - 1; k++) {
      double[] tails = Binomial.tails(d - 1, nodes[k]);
      double[] density = Binomial.probabilities(d - 2, nodes[k]);
      double drop = 0; // G(P_{k-1}) - G(P_k) over d
      double slope = 0; // -G'(P_k) over d
      for (int l = 0; l < d - 1; l++) {
        drop += curve.drop(l) * (tails[l + 1] - before[l + 1]);
        slope += curve.drop(l) * (d - 1) * density[l];
      }
      if (drop == 0) {
        return true; // the curve has not begun to fall, or by less than a number can say
      }
      nodes[k + 1] = nodes[k] + drop / slope;
      if (!(slope > 0 && nodes[k + 1] < 1)) {
        return false;
      }
      before = tails;
    }
    return true;
  }
}
