package io.github.dllm4j.engine.oracle;

import java.util.Arrays;

/** Eigenvalues of kernels and generators that are reversible for a law. */
final class Spectrum {
  private Spectrum() {}

  /**
   * Eigenvalues, descending, by Jacobi's rotations on sqrt(q_x) K(x, y) / sqrt(q_y).
   *
   * @param kernel [from][to]
   * @param q the law, positive
   */
  static double[] reversible(double[][] kernel, double[] q) {
    int n = q.length;
    double[][] a = new double[n][n];
    for (int x = 0; x < n; x++) {
      for (int y = 0; y < n; y++) {
        double there = kernel[x][y] * Math.sqrt(q[x] / q[y]);
        double back = kernel[y][x] * Math.sqrt(q[y] / q[x]);
        if (Math.abs(there - back) > 1e-12) {
          throw new AssertionError("not reversible: " + there + " and " + back);
        }
        a[x][y] = (there + back) / 2;
      }
    }
    for (int sweep = 0; sweep < 100 && offDiagonal(a) > 1e-26; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int r = p + 1; r < n; r++) {
          rotate(a, p, r);
        }
      }
    }
    double[] values = new double[n];
    Arrays.setAll(values, x -> -a[x][x]);
    Arrays.sort(values);
    return Arrays.stream(values).map(v -> -v).toArray();
  }

  private static double offDiagonal(double[][] a) {
    double sum = 0;
    for (int p = 0; p < a.length; p++) {
      for (int r = 0; r < p; r++) {
        sum += a[p][r] * a[p][r];
      }
    }
    return sum;
  }

  private static void rotate(double[][] a, int p, int r) {
    if (a[p][r] == 0) {
      return;
    }
    double theta = (a[r][r] - a[p][p]) / (2 * a[p][r]);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
    double c = 1 / Math.hypot(t, 1);
    double s = t * c;
    for (int k = 0; k < a.length; k++) {
      double kp = a[k][p];
      double kr = a[k][r];
      a[k][p] = c * kp - s * kr;
      a[k][r] = s * kp + c * kr;
    }
    for (int k = 0; k < a.length; k++) {
      double pk = a[p][k];
      double rk = a[r][k];
      a[p][k] = c * pk - s * rk;
      a[r][k] = s * pk + c * rk;
    }
  }
}
