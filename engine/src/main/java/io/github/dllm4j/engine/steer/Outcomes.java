package io.github.dllm4j.engine.steer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * All sequences that independent tokens can become, by enumeration.
 *
 * @param sequences ids, each [length]
 * @param logProbabilities nats, [sequences]
 */
record Outcomes(List<int[]> sequences, double[] logProbabilities) {
  private static final int MOST = 1 << 14;

  /** Every combination of positive probability; at most 2^14. */
  static Outcomes of(int[] sequence, int[] positions, double[][] rows) {
    List<int[]> sequences = new ArrayList<>();
    List<Double> logs = new ArrayList<>();
    sequences.add(sequence);
    logs.add(0.0);
    for (int p = 0; p < positions.length; p++) {
      List<int[]> longer = new ArrayList<>();
      List<Double> sums = new ArrayList<>();
      for (int s = 0; s < sequences.size(); s++) {
        for (int v = 0; v < rows[p].length; v++) {
          if (rows[p][v] > 0) {
            int[] next = sequences.get(s).clone();
            next[positions[p]] = v;
            longer.add(next);
            sums.add(logs.get(s) + Math.log(rows[p][v]));
          }
        }
      }
      if (longer.size() > MOST) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "enumeration must be of at most %d sequences, got %d or more",
                MOST,
                longer.size()));
      }
      sequences = longer;
      logs = sums;
    }
    return new Outcomes(sequences, logs.stream().mapToDouble(log -> log).toArray());
  }
}
