package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Learns a factorised twist by trust-region iteration: draw paths from the twisted chain q_theta,
 * weigh them towards the target as far as {@link TrustRegion} allows, and fit theta to them,
 *
 * <pre>
 * q_theta(path) = prod over moves of K_k(x'|x) e^(theta_{k+1} . x') / norm
 * theta := argmax sum over paths of W log q_theta(path)
 * </pre>
 *
 * <p>The fit is concave and separate for every move and hole; it is done by iterative scaling,
 * theta_b += log(observed_b / expected_b), which never lowers the likelihood. Source: TRI-TSMC
 * (2605.25123, abstract); formulas from uniform-diffusion spec 12. Departure: a share {@code
 * smoothing} of what the chain itself expects is mixed into the observed frequencies, so that no
 * token is ruled out by a finite number of paths. A hole that a move leaves alone keeps the factors
 * of the move before: what is known of its token is still true.
 *
 * <p>The learned twist is used with {@link ParticleSampler#lookAhead}; whatever was learned, that
 * stays unbiased for Z. Cost per round: 2 evaluations per path and move, and paths * holes * S
 * doubles.
 */
public final class TwistLearner {
  private static final int SCALINGS = 200;
  private static final double CONVERGED = 1e-10;

  private final ReverseChain chain;
  private final SequenceScorer scorer;
  private final double epsilon;
  private final double smoothing;

  /**
   * One round.
   *
   * @param eta how far the paths were weighed towards the target, in [0, 1]; 0 if the score forbids
   *     all of them
   * @param klNats estimated KL of the weighed paths from the drawn ones, nats
   * @param effectiveShare effective sample size of the full weights, as a share of the paths
   */
  public record Round(double eta, double klNats, double effectiveShare) {}

  /**
   * What was learned.
   *
   * @param twist for {@link ParticleSampler#lookAhead} on the same chain
   * @param rounds what happened
   */
  public record Learned(Twist twist, List<Round> rounds) {}

  /**
   * A learner.
   *
   * @param chain what is steered
   * @param scorer the log-weight s of finished sequences
   * @param epsilon most nats per round, above 0
   * @param smoothing share of the chain's own law in the observed frequencies, in (0, 1)
   */
  public TwistLearner(ReverseChain chain, SequenceScorer scorer, double epsilon, double smoothing) {
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException("epsilon must be above 0, got " + epsilon);
    }
    if (!(smoothing > 0 && smoothing < 1)) {
      throw new IllegalArgumentException("smoothing must be in (0, 1), got " + smoothing);
    }
    this.chain = chain;
    this.scorer = scorer;
    this.epsilon = epsilon;
    this.smoothing = smoothing;
  }

  /**
   * Learns, for so many rounds.
   *
   * @param rounds at least 1
   * @param paths drawn per round, at least 2
   * @param seed the request's seed
   */
  public Learned learn(int rounds, int paths, long seed) {
    if (rounds < 1 || paths < 2 || (long) rounds * paths > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "rounds must be at least 1, paths at least 2, their product below 2^31, got %d, %d",
              rounds,
              paths));
    }
    int holes = chain.canvas().holeCount();
    int states = chain.model().process().stateCount();
    double[][][] theta = new double[chain.moves() + 1][holes][states];
    List<Round> history = new ArrayList<>();
    long own = KeyedRandom.seed(seed, Purpose.LEARNING);
    for (int round = 0; round < rounds; round++) {
      history.add(round(theta, paths, own, round * paths));
    }
    return new Learned(new FactorisedTwist(chain.canvas().holes(), theta), history);
  }

  private Round round(double[][][] theta, int paths, long seed, int first) {
    Twist twist = new FactorisedTwist(chain.canvas().holes(), theta);
    Proposal proposal = new Proposal(chain, scorer, twist, true);
    List<List<int[]>> states = new ArrayList<>(); // [moves + 1][paths]
    double[] logRatios = new double[paths];
    for (int step = 0; step <= chain.moves(); step++) {
      List<Proposal.Drawn> drawn =
          step == 0
              ? proposal.start(paths, seed, first)
              : proposal.next(step - 1, states.get(step - 1), seed, first);
      states.add(drawn.stream().map(Proposal.Drawn::sequence).toList());
      Arrays.setAll(logRatios, j -> logRatios[j] + drawn.get(j).logRatio());
    }
    double[] scores = LogWeights.scores(scorer, states.get(chain.moves()));
    Arrays.setAll(logRatios, j -> logRatios[j] + scores[j]);
    double[] equal = new double[paths];
    Arrays.fill(equal, 1.0 / paths);
    TrustRegion.Step step = TrustRegion.farthest(equal, logRatios, epsilon);
    project(theta, states, step.masses());
    double share = LogWeights.effectiveSize(logRatios) / paths;
    return new Round(step.eta(), step.klNats(), share);
  }

  /** Fits theta to weighed paths, move by move. */
  private void project(double[][][] theta, List<List<int[]>> states, double[] weights) {
    int[] holes = chain.canvas().holes();
    for (int step = 0; step <= chain.moves(); step++) {
      int[] positions = step == 0 ? holes : chain.positions(step - 1);
      for (int h = 0; h < holes.length; h++) {
        if (Arrays.binarySearch(positions, holes[h]) < 0) {
          theta[step][h] = theta[step - 1][h].clone();
        }
      }
      double[][][] rows;
      if (step == 0) {
        rows = new double[weights.length][][];
        Arrays.fill(rows, chain.prior());
      } else {
        rows = chain.rows(step - 1, states.get(step - 1));
      }
      for (int p = 0; p < positions.length; p++) {
        double[][] laws = new double[weights.length][];
        int[] tokens = new int[weights.length];
        for (int j = 0; j < laws.length; j++) {
          laws[j] = rows[j][p];
          tokens[j] = states.get(step).get(j)[positions[p]];
        }
        fit(
            theta[step][FactorisedTwist.hole(holes, positions[p])],
            laws,
            tokens,
            weights,
            smoothing);
      }
    }
  }

  /**
   * Iterative scaling of one token's factors, in place.
   *
   * @param theta log-factors, [S]
   * @param laws what the chain would draw from, [paths][S]
   * @param tokens what was drawn, [paths]
   * @param weights of the paths, summing to 1, [paths]
   * @param smoothing share of the laws in the observed frequencies
   */
  static void fit(
      double[] theta, double[][] laws, int[] tokens, double[] weights, double smoothing) {
    double[] observed = expected(new double[theta.length], laws, weights);
    for (int b = 0; b < observed.length; b++) {
      observed[b] *= smoothing;
    }
    for (int j = 0; j < tokens.length; j++) {
      observed[tokens[j]] += (1 - smoothing) * weights[j];
    }
    double change = Double.POSITIVE_INFINITY;
    for (int i = 0; i < SCALINGS && change > CONVERGED; i++) {
      double[] expected = expected(theta, laws, weights);
      change = 0;
      for (int b = 0; b < theta.length; b++) {
        if (observed[b] > 0 && expected[b] > 0) {
          double step = Math.log(observed[b] / expected[b]);
          theta[b] += step;
          change = Math.max(change, Math.abs(step));
        }
      }
    }
  }

  /** Mean of the tilted laws, [S]. */
  private static double[] expected(double[] theta, double[][] laws, double[] weights) {
    double[] mean = new double[theta.length];
    for (int j = 0; j < laws.length; j++) {
      if (weights[j] > 0) {
        double[] law = Proposal.tilted(laws[j], theta);
        for (int b = 0; b < mean.length; b++) {
          mean[b] += weights[j] * law[b];
        }
      }
    }
    return mean;
  }
}
