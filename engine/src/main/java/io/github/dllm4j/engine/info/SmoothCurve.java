package io.github.dllm4j.engine.info;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The curve of measured examples as a planner should see it: with those bends only that the
 * examples prove. The means y at the nodes x (on [0, 1]) give way to the f of least
 *
 * <pre>
 * sum_n w_n (y_n - f_n)^2 + stiffness * sum_n (slope_{n+1} - slope_n)^2 / ((x_{n+1} - x_{n-1}) / 2)
 * </pre>
 *
 * <p>with w in proportion to the tokens that were seen at a node and 1 on the average, and is made
 * not to increase, without the steps that this makes ({@link IsotonicRegression#withoutSteps}).
 * Infinite stiffness is a straight line, whose best sizes are the balanced ones; 0 is the isotonic
 * regression with its steps, which some laws do have. Where a like curve is known before (a prior),
 * f fits what the means are above it, so that infinite stiffness is the prior plus a straight line.
 *
 * <p>The best plan of a curve that is too free puts its blocks where noise makes the curve flat, so
 * of the curves that are not surely worse the stiffest is taken: over {@value #FOLDS} folds, the
 * other folds' curve foretells each example's values, and stiffer ones count as not worse than the
 * best whose weighted sum of squares is above its by at most {@value #SURE} standard errors of the
 * paired difference (the rule of Breiman and others 1984, section 3.4.3, with two errors for one).
 * Cost: O(examples nodes).
 */
final class SmoothCurve {
  /** Folds of examples; example e is in fold e modulo this. */
  static final int FOLDS = 5;

  private static final double[] STIFFNESS = {
    0, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, Double.POSITIVE_INFINITY
  };

  /** Standard errors beyond which a difference counts as sure. */
  private static final double SURE = 2;

  /** Fewer examples cannot be split, and take this stiffness. */
  private static final int LEAST_EXAMPLES = 4;

  private static final double OF_FEW = 1e-2;

  private SmoothCurve() {}

  /** The curve of the examples, as stiff as their number asks for. */
  static InformationCurve of(CurveSample sample, Optional<InformationCurve> prior) {
    return of(sample, prior, stiffness(sample, prior));
  }

  /** The curve of so much stiffness, at least 0. */
  static InformationCurve of(
      CurveSample sample, Optional<InformationCurve> prior, double stiffness) {
    CurveNodes nodes = sample.nodes();
    double[] places = Arrays.stream(nodes.at()).asDoubleStream().toArray();
    double[] means = sample.means();
    double[] weights = sample.weights();
    if (prior.isEmpty()) {
      double[] fitted = falling(places, fit(places, means, weights, stiffness), weights, stiffness);
      return InformationCurve.exact(nodes.interpolate(fitted));
    }
    double[] above = new double[means.length];
    Arrays.setAll(above, n -> means[n] - prior.get().at(nodes.at()[n]));
    double[] curve = nodes.interpolate(fit(places, above, weights, stiffness));
    double[] all = new double[curve.length];
    double[] even = new double[curve.length];
    Arrays.setAll(all, j -> j);
    Arrays.fill(even, 1);
    Arrays.setAll(curve, j -> curve[j] + prior.get().at(j));
    return InformationCurve.exact(falling(all, curve, even, stiffness));
  }

  private static double[] falling(
      double[] places, double[] values, double[] weights, double stiffness) {
    double[] positive = Arrays.stream(values).map(v -> Math.max(0, v)).toArray();
    return stiffness == 0
        ? IsotonicRegression.nonIncreasing(positive, weights)
        : IsotonicRegression.withoutSteps(places, positive, weights);
  }

  /** The stiffness that the examples ask for. */
  static double stiffness(CurveSample sample, Optional<InformationCurve> prior) {
    int examples = sample.examples();
    if (examples < LEAST_EXAMPLES) {
      return OF_FEW;
    }
    double[][] missed = new double[STIFFNESS.length][examples];
    double[] weights = sample.weights();
    List<double[]> values = sample.values();
    int[] at = sample.nodes().at();
    int folds = Math.min(FOLDS, examples);
    for (int fold = 0; fold < folds; fold++) {
      CurveSample others = sample.without(fold, folds);
      for (int s = 0; s < STIFFNESS.length; s++) {
        InformationCurve curve = of(others, prior, STIFFNESS[s]);
        for (int e = fold; e < examples; e += folds) {
          for (int n = 0; n < weights.length; n++) {
            double miss = values.get(e)[n] - curve.at(at[n]);
            missed[s][e] += weights[n] * miss * miss;
          }
        }
      }
    }
    return STIFFNESS[stiffest(missed)];
  }

  /** The last of the rows whose mean is not surely above the least one's. */
  private static int stiffest(double[][] missed) {
    int best = 0;
    for (int s = 1; s < missed.length; s++) {
      best = Estimate.of(missed[s]).mean() < Estimate.of(missed[best]).mean() ? s : best;
    }
    int stiffest = best;
    for (int s = best + 1; s < missed.length; s++) {
      double[] above = new double[missed[s].length];
      for (int e = 0; e < above.length; e++) {
        above[e] = missed[s][e] - missed[best][e];
      }
      Estimate difference = Estimate.of(above);
      stiffest = difference.mean() <= SURE * difference.standardError() ? s : stiffest;
    }
    return stiffest;
  }

  /** The least squares above, by elimination in a matrix of five diagonals. */
  static double[] fit(double[] places, double[] values, double[] weights, double stiffness) {
    int n = values.length;
    if (n < 3 || stiffness == 0) {
      return values.clone();
    }
    double length = places[n - 1] - places[0];
    if (stiffness == Double.POSITIVE_INFINITY) {
      return line(places, values, weights);
    }
    double[][] bands = new double[n][3]; // bands[i][k] stands at (i, i + k)
    double[] right = new double[n];
    for (int i = 0; i < n; i++) {
      bands[i][0] = weights[i];
      right[i] = weights[i] * values[i];
    }
    for (int i = 1; i < n - 1; i++) {
      double left = (places[i] - places[i - 1]) / length;
      double next = (places[i + 1] - places[i]) / length;
      double[] bend = {1 / left, -1 / left - 1 / next, 1 / next};
      double factor = 2 * stiffness / (left + next);
      for (int a = 0; a < 3; a++) {
        for (int b = a; b < 3; b++) {
          bands[i - 1 + a][b - a] += factor * bend[a] * bend[b];
        }
      }
    }
    for (int i = 0; i < n; i++) {
      for (int k = 1; k < 3 && i + k < n; k++) {
        double part = bands[i][k] / bands[i][0];
        for (int m = k; m < 3; m++) {
          bands[i + k][m - k] -= part * bands[i][m];
        }
        right[i + k] -= part * right[i];
      }
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = 1; k < 3 && i + k < n; k++) {
        right[i] -= bands[i][k] * right[i + k];
      }
      right[i] /= bands[i][0];
    }
    return right;
  }

  private static double[] line(double[] places, double[] values, double[] weights) {
    double mass = 0;
    double place = 0;
    double value = 0;
    for (int n = 0; n < places.length; n++) {
      mass += weights[n];
      place += weights[n] * (places[n] - place) / mass;
      value += weights[n] * (values[n] - value) / mass;
    }
    double squares = 0;
    double products = 0;
    for (int n = 0; n < places.length; n++) {
      squares += weights[n] * (places[n] - place) * (places[n] - place);
      products += weights[n] * (places[n] - place) * (values[n] - value);
    }
    double slope = products / squares;
    double centre = place;
    double level = value;
    return Arrays.stream(places).map(x -> level + slope * (x - centre)).toArray();
  }
}
