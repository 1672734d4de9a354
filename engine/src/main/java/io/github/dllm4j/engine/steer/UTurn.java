package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * A U-turn chain: noise a finished sequence x, denoise it to y by a {@link ReverseChain}, then
 * accept y or keep x. With s a log-weight, x = f_N, f_{N-1}, .., f_0 the noisy sequences on the way
 * there, f_0 = b_0, b_1, .., b_N = y those on the way back, q the noise and K_k the chain's moves,
 *
 * <pre>
 * {@link #metropolis}       min(1, e^s(y) / e^s(x))
 * {@link #latentRetaining}  min(1, e^s(y) prod_k q(b_k|b_{k+1}) K_k(f_{k+1}|f_k)
 *                         / e^s(x) prod_k q(f_k|f_{k+1}) K_k(b_{k+1}|b_k))
 * </pre>
 *
 * <p>The first samples p(x) e^s(x) exactly only if the way back draws from the exact posterior of
 * x, p being the data law; masking one token and redrawing it is that case. Otherwise it is a
 * <em>heuristic</em>: with four factorised steps its law may be off by a fifth in total variation.
 * The second keeps both noisy paths as latents of the move; s is then the log of the <em>whole</em>
 * target, and e^s is exactly invariant whatever the network says.
 *
 * <p>Source: U-turn chains (2605.27006, abstract); uniform-diffusion spec 10. Departure: the spec
 * keeps one path and evaluates its last step at both ends, and with more steps that accepts less
 * and less, because the last noisy sequence is next to y; with a path for either end the acceptance
 * tends to 1 as the steps become exact. With one step both are the same. Cost per turn: N
 * evaluations and one score, 2N - 1 when retaining. Draws are keyed by (seed, index of the
 * sequence, turn), so batch size and company never change a result.
 */
public final class UTurn {
  private final ReverseChain chain;
  private final SequenceScorer scorer;
  private final boolean retaining;
  private final OptionalInt maskCount;

  /**
   * Where one chain has come to.
   *
   * @param tokens ids, [length]
   * @param score its log-weight, nats
   * @param accepted how many turns were accepted, those that led back to the same sequence included
   */
  public record Outcome(int[] tokens, double score, int accepted) {}

  private UTurn(
      ReverseChain chain, SequenceScorer scorer, boolean retaining, OptionalInt maskCount) {
    if (chain.canvas().holeCount() == 0) {
      throw new IllegalArgumentException("a U-turn needs at least 1 hole, got 0");
    }
    if (retaining && chain.moves() != chain.grid().steps()) {
      throw new IllegalArgumentException(
          "a latent-retaining U-turn needs a chain without Gibbs sweeps, got "
              + chain.moves()
              + " moves");
    }
    if (retaining && maskCount.isPresent() && chain.moves() > 1) {
      throw new IllegalArgumentException(
          "a latent-retaining U-turn with a mask count needs 1 move, got " + chain.moves());
    }
    this.chain = chain;
    this.scorer = scorer;
    this.retaining = retaining;
    this.maskCount = maskCount;
  }

  /**
   * The simple rule; heuristic unless the way back is the exact posterior.
   *
   * @param chain the way back; its first level is how far to noise
   * @param score log-weight beside the model's own law, nats; constant 0 accepts everything
   */
  public static UTurn metropolis(ReverseChain chain, SequenceScorer score) {
    return new UTurn(chain, score, false, OptionalInt.empty());
  }

  /**
   * The exact rule.
   *
   * @param chain the way back, any approximation, without Gibbs sweeps
   * @param logTarget log of the target up to a constant, the data law included, nats
   */
  public static UTurn latentRetaining(ReverseChain chain, SequenceScorer logTarget) {
    return new UTurn(chain, logTarget, true, OptionalInt.empty());
  }

  /**
   * The same chain, but noise masks exactly so many holes, uniformly chosen.
   *
   * @param count holes, in [1, number of holes]
   * @throws IllegalArgumentException if the noise is not masking
   */
  public UTurn withMaskCount(int count) {
    int holes = chain.canvas().holeCount();
    if (!chain.model().masking()) {
      throw new IllegalArgumentException("maskCount needs masking noise, got noise without MASK");
    }
    if (count < 1 || count > holes) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "maskCount must be in [1, %d], got %d", holes, count));
    }
    return new UTurn(chain, scorer, retaining, OptionalInt.of(count));
  }

  /** Whether the target is exactly invariant whatever the network says. */
  public boolean exact() {
    return retaining;
  }

  /**
   * Runs one chain per start.
   *
   * @param starts finished sequences that agree with the canvas on its fixed tokens, each [length]
   * @param turns at least 0
   * @param seed the request's seed
   * @return where each chain ends, in the order of the starts
   */
  public List<Outcome> run(List<int[]> starts, int turns, long seed) {
    long own = KeyedRandom.seed(seed, Purpose.TURNS);
    starts.forEach(this::check);
    if (turns < 0) {
      throw new IllegalArgumentException("turns must be at least 0, got " + turns);
    }
    List<int[]> now = starts.stream().map(int[]::clone).toList();
    double[] scores = LogWeights.scores(scorer, now);
    int[] accepted = new int[scores.length];
    for (int turn = 0; turn < turns && !now.isEmpty(); turn++) {
      now = turned(now, scores, accepted, turn, own);
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (int c = 0; c < accepted.length; c++) {
      outcomes.add(new Outcome(now.get(c), scores[c], accepted[c]));
    }
    return outcomes;
  }

  private List<int[]> turned(
      List<int[]> now, double[] scores, int[] accepted, int turn, long seed) {
    int moves = chain.moves();
    List<List<int[]>> there = there(now, turn, seed);
    List<List<int[]>> back = new ArrayList<>(List.of(there.get(0)));
    double[] logForth = new double[scores.length];
    double[] logBack = new double[scores.length];
    for (int k = 0; k < moves; k++) {
      double[][][] rows = chain.rows(k, back.get(k));
      int step = turn * moves + k;
      List<int[]> from = back.get(k);
      List<int[]> next = new ArrayList<>();
      for (int c = 0; c < rows.length; c++) {
        next.add(chain.drawn(k, from.get(c), rows[c], seed, c, step));
      }
      back.add(next);
      if (retaining) {
        double[][][] other = k == 0 ? rows : chain.rows(k, there.get(k));
        add(k, there, back, rows, logForth);
        add(k, back, there, other, logBack);
      }
    }
    List<int[]> proposals = back.get(moves);
    double[] proposed = LogWeights.scores(scorer, proposals);
    List<int[]> next = new ArrayList<>();
    for (int c = 0; c < proposed.length; c++) {
      double log = logAcceptance(scores[c] + logForth[c], proposed[c] + logBack[c]);
      double uniform = KeyedRandom.uniform(seed, c, turn, 0, Purpose.ACCEPTANCE);
      boolean accept = Math.log(uniform) < log;
      next.add(accept ? proposals.get(c) : now.get(c));
      scores[c] = accept ? proposed[c] : scores[c];
      accepted[c] += accept ? 1 : 0;
    }
    return next;
  }

  private void add(
      int k, List<List<int[]>> up, List<List<int[]>> down, double[][][] rows, double[] logs) {
    for (int c = 0; c < logs.length; c++) {
      int[] before = down.get(k + 1).get(c);
      logs[c] += logFactor(k, up.get(k + 1).get(c), up.get(k).get(c), before, rows[c]);
    }
  }

  /**
   * log q(noisy given clean) + log K_k(denoised given what the rows were asked about): one level's
   * share of the density of a turn, nats.
   */
  double logFactor(int k, int[] clean, int[] noisy, int[] denoised, double[][] rows) {
    return logNoise(k, clean, noisy)
        + ReverseChain.logProbability(rows, chain.canvas().holes(), denoised);
  }

  /**
   * The log of the probability of accepting, at most 0; accepts where both are forbidden, so that a
   * chain finds its way out.
   *
   * @param forth log-weight of x and, when retaining, log-density of the turn from x to y
   * @param back the same with x and y exchanged
   */
  static double logAcceptance(double forth, double back) {
    return forth == Double.NEGATIVE_INFINITY ? 0 : Math.min(0, back - forth);
  }

  /** The way there, noisiest first, [moves + 1][chains]; without latents only its ends. */
  private List<List<int[]>> there(List<int[]> now, int turn, long seed) {
    int moves = chain.moves();
    List<List<int[]>> there = new ArrayList<>();
    there.add(now);
    for (int k = moves - 1; k >= 0; k--) {
      if (retaining || k == 0) {
        int level = k;
        List<int[]> before = there.get(0);
        there.add(
            0,
            IntStream.range(0, now.size())
                .mapToObj(c -> noised(level, before.get(c), seed, c, turn * moves + level))
                .toList());
      }
    }
    return there;
  }

  private int[] noised(int k, int[] x, long seed, int index, int step) {
    int[] holes = chain.canvas().holes();
    int[] noisy = x.clone();
    if (maskCount.isPresent()) {
      int count = maskCount.getAsInt();
      for (int h : KeyedRandom.choose(holes.length, count, seed, index, step, Purpose.RENOISE)) {
        noisy[holes[h]] = chain.model().mask();
      }
      return noisy;
    }
    double[][] rows = noiseRows(k, x);
    return ReverseChain.drawn(holes, noisy, rows, seed, index, step, Purpose.RENOISE);
  }

  /** The law of each hole's token after the noise up to level k, [hole][S]. */
  double[][] noiseRows(int k, int[] x) {
    int[] holes = chain.canvas().holes();
    double[][] rows = new double[holes.length][chain.model().process().stateCount()];
    double sigma = noise(k);
    for (int h = 0; h < holes.length; h++) {
      int token = x[holes[h]];
      Arrays.setAll(rows[h], to -> chain.model().process().transition(token, to, sigma));
    }
    return rows;
  }

  /** Nats of noise up to level k: from the level below when retaining, else from the data. */
  private double noise(int k) {
    return chain.grid().level(k) - (retaining ? chain.grid().level(k + 1) : 0);
  }

  /** log q(noisy given x) up to a constant, nats. */
  private double logNoise(int k, int[] x, int[] noisy) {
    double sigma = noise(k);
    double sum = 0;
    for (int hole : chain.canvas().holes()) {
      if (maskCount.isPresent()) {
        boolean carried = noisy[hole] == x[hole] || noisy[hole] == chain.model().mask();
        sum += carried ? 0 : Double.NEGATIVE_INFINITY;
      } else {
        sum += Math.log(chain.model().process().transition(x[hole], noisy[hole], sigma));
      }
    }
    return sum;
  }

  private void check(int[] start) {
    int[] tokens = chain.canvas().tokens();
    int[] holes = chain.canvas().holes();
    int states = chain.model().process().stateCount();
    if (start.length != tokens.length) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "a start must have %d tokens, got %d", tokens.length, start.length));
    }
    for (int i = 0; i < tokens.length; i++) {
      boolean hole = Arrays.binarySearch(holes, i) >= 0;
      boolean clean = start[i] >= 0 && start[i] < states && start[i] != chain.model().mask();
      if (hole ? !clean : start[i] != tokens[i]) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "a start must hold %s at position %d, got %d",
                hole ? "a clean id below " + states : "the canvas's " + tokens[i],
                i,
                start[i]));
      }
    }
  }
}
