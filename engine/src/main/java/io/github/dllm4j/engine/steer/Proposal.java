package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
  /** How many times lighter than the lightest that is known counts what nothing is known of. */
  private static final double UNKNOWN = 20;

  /**
   * Where one particle may go.
   *
   * @param logRatio log K - log M of the sequence drawn, nats
   */
  record Drawn(int[] sequence, double logRatio) {}

  /**
   * log psi of sequences before a move; after the last one it is the log-weight. Where the twist
   * knows nothing, psi is a twentieth of the least that it knows of the others: what a particle's
   * weight is multiplied by now it is divided by later, so any positive number is right.
   */
  double[] logValue(int move, List<int[]> sequences) {
    if (move == chain.moves()) {
      return LogWeights.scores(scorer, sequences);
    }
    double[] values = twist.logValue(move, sequences).clone();
    if (values.length != sequences.size()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "a twist must have a value for each of %d sequences, got %d",
              sequences.size(),
              values.length));
    }
    for (double value : values) {
      if (Double.isNaN(value) || value == Double.POSITIVE_INFINITY) {
        throw new IllegalArgumentException(
            "log psi must be finite, or -Infinity where nothing is known, got "
                + value
                + " before move "
                + move);
      }
    }
    double least =
        Arrays.stream(values).filter(Double::isFinite).min().orElse(0) - Math.log(UNKNOWN);
    for (int j = 0; j < values.length; j++) {
      values[j] = values[j] == Double.NEGATIVE_INFINITY ? least : values[j];
    }
    return values;
  }

  /** The starts of particles with keys first, first + 1, .. */
  List<Drawn> start(int count, long seed, int first) {
    List<int[]> blank = Collections.nCopies(count, chain.canvas().tokens());
    double[][][] rows = new double[count][][];
    Arrays.fill(rows, chain.prior());
    return next(0, chain.canvas().holes(), blank, rows, new Keys(seed, first, Purpose.PRIOR));
  }

  /** Move k of particles with keys first, first + 1, .. */
  List<Drawn> next(int k, List<int[]> particles, long seed, int first) {
    double[][][] rows = chain.rows(k, particles);
    Keys keys = new Keys(seed, first, Purpose.DRAW);
    return next(k + 1, chain.positions(k), particles, rows, keys);
  }

  private record Keys(long seed, int first, Purpose purpose) {}

  private List<Drawn> next(
      int move, int[] positions, List<int[]> particles, double[][][] rows, Keys keys) {
    Optional<double[][]> factors = lookAhead ? twist.logFactors(move) : Optional.empty();
    if (lookAhead && factors.isEmpty()) {
      return enumerated(move, positions, particles, rows, keys);
    }
    List<Drawn> drawn = new ArrayList<>();
    for (int j = 0; j < rows.length; j++) {
      double[][] laws = factors.isEmpty() ? rows[j] : tilted(factors.get(), positions, rows[j]);
      int[] from = particles.get(j).clone();
      int key = keys.first + j;
      int[] y = ReverseChain.drawn(positions, from, laws, keys.seed, key, move, keys.purpose);
      double ratio =
          factors.isEmpty()
              ? 0
              : ReverseChain.logProbability(rows[j], positions, y)
                  - ReverseChain.logProbability(laws, positions, y);
      drawn.add(new Drawn(y, ratio));
    }
    return drawn;
  }

  private List<Drawn> enumerated(
      int move, int[] positions, List<int[]> particles, double[][][] rows, Keys keys) {
    List<Outcomes> outcomes = new ArrayList<>();
    for (int j = 0; j < rows.length; j++) {
      outcomes.add(Outcomes.of(particles.get(j), positions, rows[j]));
    }
    double[][] chances = tilted(move, outcomes);
    List<Drawn> drawn = new ArrayList<>();
    for (int j = 0; j < rows.length; j++) {
      Outcomes all = outcomes.get(j);
      double uniform = KeyedRandom.uniform(keys.seed, keys.first + j, move, 0, keys.purpose);
      int chosen = HeapLaws.draw(chances[j], uniform);
      double ratio = all.logProbabilities()[chosen] - Math.log(chances[j][chosen]);
      drawn.add(new Drawn(all.sequences().get(chosen), ratio));
    }
    return drawn;
  }

  /**
   * M by enumeration: K psi, normalised, psi asked once about every different sequence.
   *
   * @return probabilities, [particle][outcome]
   */
  double[][] tilted(int move, List<Outcomes> particles) {
    Map<List<Integer>, Integer> seen = new HashMap<>();
    List<int[]> different = new ArrayList<>();
    int[][] where = new int[particles.size()][];
    for (int j = 0; j < where.length; j++) {
      List<int[]> sequences = particles.get(j).sequences();
      where[j] = new int[sequences.size()];
      for (int y = 0; y < where[j].length; y++) {
        int[] sequence = sequences.get(y);
        int index =
            seen.computeIfAbsent(Arrays.stream(sequence).boxed().toList(), s -> different.size());
        if (index == different.size()) {
          different.add(sequence);
        }
        where[j][y] = index;
      }
    }
    double[] values = logValue(move, different);
    double[][] chances = new double[where.length][];
    for (int j = 0; j < where.length; j++) {
      double[] logs = particles.get(j).logProbabilities().clone();
      for (int y = 0; y < logs.length; y++) {
        logs[y] += values[where[j][y]];
      }
      chances[j] = LogWeights.normalised(logs);
    }
    return chances;
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
