package io.github.dllm4j.engine.oracle;

/**
 * Ordinary differential equations y' = f(t, y) by extrapolating the modified midpoint rule to step
 * 0, in even numbers of substeps 2, 4, .. 14: order 14 (Gragg; Bulirsch and Stoer 1966).
 */
final class Extrapolation {
  private static final int ROWS = 7;

  private Extrapolation() {}

  interface Slope {
    double[] at(double t, double[] y);
  }

  /** y at the end, in equal steps of at most a given size. */
  static double[] integrate(Slope slope, double[] y, double from, double to, double largest) {
    int steps = (int) Math.max(1, Math.ceil(Math.abs(to - from) / largest));
    double h = (to - from) / steps;
    double[] current = y;
    for (int k = 0; k < steps; k++) {
      current = step(slope, current, from + k * h, h);
    }
    return current;
  }

  /** Aitken and Neville in h squared. */
  private static double[] step(Slope slope, double[] y, double t, double h) {
    double[][] row = new double[ROWS][];
    for (int j = 0; j < ROWS; j++) {
      double[] better = midpoint(slope, y, t, h, 2 * (j + 1));
      for (int k = 1; k <= j; k++) {
        double ratio = (j + 1.0) / (j + 1 - k);
        double[] coarse = row[k - 1];
        row[k - 1] = better;
        double[] next = new double[y.length];
        for (int x = 0; x < y.length; x++) {
          next[x] = better[x] + (better[x] - coarse[x]) / (ratio * ratio - 1);
        }
        better = next;
      }
      row[j] = better;
    }
    return row[ROWS - 1];
  }

  private static double[] midpoint(Slope slope, double[] y, double t, double h, int substeps) {
    double small = h / substeps;
    double[] before = y;
    double[] now = plus(y, small, slope.at(t, y));
    for (int k = 1; k < substeps; k++) {
      double[] after = plus(before, 2 * small, slope.at(t + k * small, now));
      before = now;
      now = after;
    }
    double[] end = plus(before, small, slope.at(t + h, now));
    for (int x = 0; x < end.length; x++) {
      end[x] = (end[x] + now[x]) / 2;
    }
    return end;
  }

  private static double[] plus(double[] y, double factor, double[] slope) {
    double[] sum = y.clone();
    for (int x = 0; x < sum.length; x++) {
      sum[x] += factor * slope[x];
    }
    return sum;
  }
}
