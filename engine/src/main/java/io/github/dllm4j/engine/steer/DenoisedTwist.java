package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * psi_k(x) = E[e^s] under the factorised denoiser at x, by enumeration (draws = 0) or as an average
 * over draws with uniforms that do not depend on x. Where enumeration finds everything forbidden it
 * is e^-1000000, because psi must be positive; where all draws are, nothing is known. Source:
 * uniform-diffusion spec 12, "standard cheap psi". Cost: one evaluation per sequence, and S^holes
 * or {@code draws} scores.
 */
record DenoisedTwist(ReverseChain chain, SequenceScorer scorer, int draws, long seed)
    implements Twist {
  private static final double FLOOR = -1e6; // nats

  @Override
  public double[] logValue(int move, List<int[]> sequences) {
    double[][][] rows = chain.cleanRows(move, sequences);
    double[] values = new double[sequences.size()];
    for (int s = 0; s < values.length; s++) {
      values[s] =
          draws == 0
              ? Math.max(FLOOR, expected(sequences.get(s), rows[s]))
              : average(move, rows[s]);
    }
    return values;
  }

  private double expected(int[] sequence, double[][] rows) {
    Outcomes clean = Outcomes.of(sequence, chain.canvas().holes(), rows);
    double[] logs = LogWeights.scores(scorer, clean.sequences());
    Arrays.setAll(logs, j -> logs[j] + clean.logProbabilities()[j]);
    return LogWeights.logSum(logs);
  }

  private double average(int move, double[][] rows) {
    List<int[]> clean = new ArrayList<>();
    for (int j = 0; j < draws; j++) {
      int[] tokens = chain.canvas().tokens();
      int[] holes = chain.canvas().holes();
      clean.add(ReverseChain.drawn(holes, tokens, rows, seed, j, move, Purpose.TWIST));
    }
    return LogWeights.logSum(LogWeights.scores(scorer, clean)) - Math.log(draws);
  }
}
