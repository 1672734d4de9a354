package io.github.dllm4j.engine.steer;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Small dense matrices. */
final class Matrices {
  private Matrices() {}

  static double[][] times(double[][] a, double[][] b) {
    double[][] product = new double[a.length][];
    Arrays.setAll(product, r -> times(a[r], b));
    return product;
  }

  static double[] times(double[] row, double[][] matrix) {
    double[] product = new double[matrix[0].length];
    for (int k = 0; k < row.length; k++) {
      if (row[k] != 0) {
        for (int c = 0; c < product.length; c++) {
          product[c] += row[k] * matrix[k][c];
        }
      }
    }
    return product;
  }

  static double[] times(double[][] matrix, double[] column) {
    double[] product = new double[matrix.length];
    for (int r = 0; r < product.length; r++) {
      for (int k = 0; k < column.length; k++) {
        product[r] += matrix[r][k] * column[k];
      }
    }
    return product;
  }

  /** The invariant law of an ergodic transition matrix, by squaring. */
  static double[] stationary(double[][] matrix) {
    double[][] power = matrix;
    for (int i = 0; i < 40; i++) {
      power = times(power, power);
      for (double[] row : power) {
        double sum = Arrays.stream(row).sum();
        for (int c = 0; c < row.length; c++) {
          row[c] /= sum;
        }
      }
    }
    return power[0];
  }

  /** The second largest eigenvalue of a matrix reversible for a law, on the law's support. */
  static double secondEigenvalue(double[][] reversible, double[] law) {
    int[] support = IntStream.range(0, law.length).filter(x -> law[x] > 0).toArray();
    double[][] symmetric = new double[support.length][support.length];
    for (int a = 0; a < support.length; a++) {
      for (int b = 0; b < support.length; b++) {
        int x = support[a];
        int y = support[b];
        symmetric[a][b] = reversible[x][y] * Math.sqrt(law[x] / law[y]);
      }
    }
    double[] values = eigenvalues(symmetric);
    return values[values.length - 2];
  }

  /** Eigenvalues of a symmetric matrix by cyclic Jacobi rotations, ascending. */
  private static double[] eigenvalues(double[][] a) {
    int n = a.length;
    for (int sweep = 0; sweep < 30; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          if (Math.abs(a[p][q]) > 1e-17) {
            rotate(a, p, q);
          }
        }
      }
    }
    double[] values = new double[n];
    Arrays.setAll(values, i -> a[i][i]);
    Arrays.sort(values);
    return values;
  }

  private static void rotate(double[][] a, int p, int q) {
    double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    double t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    double c = 1 / Math.sqrt(t * t + 1);
    double s = t * c;
    for (int k = 0; k < a.length; k++) {
      double kp = a[k][p];
      double kq = a[k][q];
      a[k][p] = c * kp - s * kq;
      a[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < a.length; k++) {
      double pk = a[p][k];
      double qk = a[q][k];
      a[p][k] = c * pk - s * qk;
      a[q][k] = s * pk + c * qk;
    }
  }
}
