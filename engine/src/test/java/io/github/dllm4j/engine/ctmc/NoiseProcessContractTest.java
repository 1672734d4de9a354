package io.github.dllm4j.engine.ctmc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What every noise process must do; an implementation adds only {@link #process}. */
public abstract class NoiseProcessContractTest {
  private static final double[] SIGMAS = {0, 1e-6, 0.1, 0.7, 3};

  /** The process under test. */
  protected abstract NoiseProcess process();

  @Test
  void rowsOfTheGeneratorSumToZero() {
    int n = process().stateCount();
    for (int from = 0; from < n; from++) {
      double sum = 0;
      for (int to = 0; to < n; to++) {
        double rate = process().rate(from, to);
        assertTrue(from == to || rate >= 0, "rate off the diagonal: " + rate);
        sum += rate;
      }
      assertEquals(0, sum, 1e-14);
    }
  }

  @Test
  void transitionIsTheSeriesOfTheGenerator() {
    int n = process().stateCount();
    double[][] rates = new double[n][n];
    for (int from = 0; from < n; from++) {
      for (int to = 0; to < n; to++) {
        rates[from][to] = process().rate(from, to);
      }
    }
    for (double sigma : SIGMAS) {
      assertMatrix(series(rates, sigma), matrix(sigma), 1e-13, "sigma = " + sigma);
    }
  }

  @Test
  void transitionsCompose() {
    for (double a : SIGMAS) {
      for (double b : SIGMAS) {
        assertMatrix(product(matrix(a), matrix(b)), matrix(a + b), 1e-14, a + " + " + b);
      }
    }
  }

  @Test
  void thePriorIsTheLimit() {
    for (int from = 0; from < process().stateCount(); from++) {
      for (int to = 0; to < process().stateCount(); to++) {
        double limit = process().transition(from, to, Double.POSITIVE_INFINITY);
        assertEquals(process().prior(to), limit);
        assertEquals(process().prior(to), process().transition(from, to, 50), 1e-15);
      }
    }
  }

  @Test
  void refusesWhatIsOutOfRange() {
    int n = process().stateCount();
    assertThrows(IndexOutOfBoundsException.class, () -> process().rate(n, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> process().transition(0, n, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> process().prior(-1));
    assertThrows(IllegalArgumentException.class, () -> process().transition(0, 0, -1));
  }

  private double[][] matrix(double sigma) {
    int n = process().stateCount();
    double[][] matrix = new double[n][n];
    for (int from = 0; from < n; from++) {
      for (int to = 0; to < n; to++) {
        matrix[from][to] = process().transition(from, to, sigma);
      }
    }
    return matrix;
  }

  private static double[][] series(double[][] rates, double sigma) {
    int n = rates.length;
    double[][] sum = new double[n][n];
    double[][] term = new double[n][n];
    for (int i = 0; i < n; i++) {
      term[i][i] = 1;
    }
    for (int k = 1; k < 80; k++) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          sum[i][j] += term[i][j];
        }
      }
      term = product(term, rates);
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          term[i][j] *= sigma / k;
        }
      }
    }
    return sum;
  }

  private static double[][] product(double[][] left, double[][] right) {
    int n = left.length;
    double[][] product = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        for (int j = 0; j < n; j++) {
          product[i][j] += left[i][k] * right[k][j];
        }
      }
    }
    return product;
  }

  private static void assertMatrix(
      double[][] expected, double[][] actual, double tolerance, String what) {
    for (int i = 0; i < expected.length; i++) {
      for (int j = 0; j < expected.length; j++) {
        assertEquals(expected[i][j], actual[i][j], tolerance, what + " at " + i + ", " + j);
      }
    }
  }
}
