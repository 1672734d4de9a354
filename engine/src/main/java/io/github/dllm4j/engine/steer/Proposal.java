package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The laws M from which particles really move, beside the chain's own K:
 *
 * <pre>
 * bootstrap    M = K
 * look-ahead   M in proportion to K psi, token by token if psi is a product, else by enumeration
 * </pre>
 *
 * <p>Source: uniform-diffusion spec 12. Cost per particle and move: the chain's evaluation, O(holes
 * S), and where it enumerates S^holes values of psi.
 */
record Proposal(ReverseChain chain, SequenceScorer scorer, Twist twist, boolean lookAhead) {

  /**
   * Where one particle may go.
   *
   * @param logRatio log K - log M of the sequence drawn, nats
   */
  record Drawn(int[] sequence, double logRatio) {}

  /** log psi of sequences before a move; after the last one it is the log-weight. */
  double[] logValue(int move, List<int[]> sequences) {
    double[] values =
        move == chain.moves()
            ? LogWeights.scores(scorer, sequences)
            : twist.logValue(move, sequences);
    for (double value : values) {
      boolean good = move == chain.moves() || Double.isFinite(value);
      if (!good) {
        throw new IllegalArgumentException(
            "log psi must be finite, got " + value + " before move " + move);
      }
    }
    return values;
  }

  /** The starts of particles with keys first, first + 1, .. */
  List<Drawn> start(int count, long seed, int first) {
    double[][] prior = chain.prior();
    List<Drawn> drawn = new ArrayList<>();
    int[] holes = chain.canvas().holes();
    for (int j = 0; j < count; j++) {
      int[] blank = chain.canvas().tokens();
      drawn.add(next(0, holes, blank, prior, seed, first + j, Purpose.PRIOR));
    }
    return drawn;
  }

  /** Move k of particles with keys first, first + 1, .. */
  List<Drawn> next(int k, List<int[]> particles, long seed, int first) {
    double[][][] rows = chain.rows(k, particles);
    int[] positions = chain.positions(k);
    List<Drawn> drawn = new ArrayList<>();
    for (int j = 0; j < rows.length; j++) {
      int[] x = particles.get(j);
      drawn.add(next(k + 1, positions, x, rows[j], seed, first + j, Purpose.DRAW));
    }
    return drawn;
  }

  private Drawn next(
      int move, int[] positions, int[] x, double[][] rows, long seed, int key, Purpose purpose) {
    Optional<double[][]> factors = lookAhead ? twist.logFactors(move) : Optional.empty();
    if (lookAhead && factors.isEmpty()) {
      Outcomes all = Outcomes.of(x, positions, rows);
      double[] chances = tilted(move, all);
      int chosen = HeapLaws.draw(chances, KeyedRandom.uniform(seed, key, move, 0, purpose));
      double ratio = all.logProbabilities()[chosen] - Math.log(chances[chosen]);
      return new Drawn(all.sequences().get(chosen), ratio);
    }
    double[][] laws = factors.isEmpty() ? rows : tilted(factors.get(), positions, rows);
    int[] y = ReverseChain.drawn(positions, x.clone(), laws, seed, key, move, purpose);
    double ratio =
        laws == rows
            ? 0
            : ReverseChain.logProbability(rows, positions, y)
                - ReverseChain.logProbability(laws, positions, y);
    return new Drawn(y, ratio);
  }

  /** M by enumeration: K psi, normalised, [outcomes]. */
  double[] tilted(int move, Outcomes outcomes) {
    double[] logs = logValue(move, outcomes.sequences());
    Arrays.setAll(logs, y -> logs[y] + outcomes.logProbabilities()[y]);
    return LogWeights.normalised(logs);
  }

  /** M token by token: row_b e^theta_b, normalised, [position][S]. */
  double[][] tilted(double[][] factors, int[] positions, double[][] rows) {
    int[] holes = chain.canvas().holes();
    double[][] laws = new double[rows.length][];
    for (int p = 0; p < rows.length; p++) {
      laws[p] = tilted(rows[p], factors[FactorisedTwist.hole(holes, positions[p])]);
    }
    return laws;
  }

  /** law_b e^theta_b, normalised, [S]. */
  static double[] tilted(double[] law, double[] theta) {
    double[] logs = new double[law.length];
    Arrays.setAll(logs, b -> Math.log(law[b]) + theta[b]);
    return LogWeights.normalised(logs);
  }
}
