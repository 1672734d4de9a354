package io.github.dllm4j.engine.steer;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * log psi_k(x) = sum over holes i of theta_k[i][x_i].
 *
 * @param holes positions, ascending, [holes]
 * @param logFactors theta, [moves + 1][hole][S]; the last one only shapes proposals
 */
record FactorisedTwist(int[] holes, double[][][] logFactors) implements Twist {

  @Override
  public double[] logValue(int move, List<int[]> sequences) {
    double[] values = new double[sequences.size()];
    for (int s = 0; s < values.length; s++) {
      for (int h = 0; h < holes.length; h++) {
        values[s] += logFactors[move][h][sequences.get(s)[holes[h]]];
      }
    }
    return values;
  }

  @Override
  public Optional<double[][]> logFactors(int move) {
    return Optional.of(logFactors[move]);
  }

  /** Where a position is among the holes. */
  static int hole(int[] holes, int position) {
    return Arrays.binarySearch(holes, position);
  }
}
