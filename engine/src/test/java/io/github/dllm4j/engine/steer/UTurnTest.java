package io.github.dllm4j.engine.steer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.oracle.ChiSquare;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** U-turns by enumeration of their paths, and draws against those laws. */
class UTurnTest {
  private static final SequenceScorer NOTHING = sequences -> new double[sequences.size()];

  /** A law that a chain's two-token cases share. */
  private static final ExactLaw SMALL =
      ExactLaw.table(2, 3, new double[] {.2, .05, .1, .02, .3, .03, .1, .05, .15});

  private static double tilt(int[] sequence) {
    return 0.7 * sequence[0] - 0.9 * sequence[1] * sequence[sequence.length - 1];
  }

  private static SequenceScorer logTarget(ExactLaw law) {
    return sequences ->
        sequences.stream().mapToDouble(x -> law.logProbability(x) + tilt(x)).toArray();
  }

  private static double[] target(Enumerated all, ExactLaw law, int mask) {
    double[] target = new double[all.size()];
    for (int x = 0; x < target.length; x++) {
      int[] word = all.states.get(x);
      boolean clean = Arrays.stream(word).noneMatch(token -> token == mask);
      target[x] = clean ? Math.exp(law.logProbability(word) + tilt(word)) : 0;
    }
    double total = Arrays.stream(target).sum();
    Arrays.setAll(target, x -> target[x] / total);
    return target;
  }

  /** The transition matrix of one retaining turn, by the sum over both noisy paths. */
  private static double[][] retaining(Enumerated all, SequenceScorer scorer, double[] target) {
    UTurn turn = UTurn.latentRetaining(all.chain, scorer);
    int moves = all.chain.moves();
    double[][][][] rows = new double[moves][][][];
    Arrays.setAll(rows, k -> all.chain.rows(k, all.states));
    double[] scores = new double[all.size()];
    for (int x = 0; x < scores.length; x++) {
      scores[x] = target[x] > 0 ? scorer.score(List.of(all.states.get(x)))[0] : 0;
    }
    double[][] matrix = new double[all.size()][all.size()];
    for (int x = 0; x < scores.length; x++) {
      if (target[x] > 0) {
        int[] path = new int[2 * moves + 1]; // f_N .. f_0 = b_0 .. b_N
        path[0] = x;
        walk(all, turn, rows, scores, path, 1, 0, matrix[x]);
      }
    }
    return matrix;
  }

  private static void walk(
      Enumerated all,
      UTurn turn,
      double[][][][] rows,
      double[] scores,
      int[] path,
      int at,
      double logForth,
      double[] out) {
    int moves = all.chain.moves();
    if (at == path.length) {
      double logBack = 0;
      for (int k = 0; k < moves; k++) { // the same turn walked from the other end
        logBack += factor(all, turn, rows, k, path[moves + k + 1], path[moves + k], -1);
        logBack += factor(all, turn, rows, k, -1, path[moves - k], path[moves - k - 1]);
      }
      int x = path[0];
      int y = path[2 * moves];
      double accept = Math.exp(UTurn.logAcceptance(scores[x] + logForth, scores[y] + logBack));
      out[y] += Math.exp(logForth) * accept;
      out[x] += Math.exp(logForth) * (1 - accept);
      return;
    }
    for (int next = 0; next < all.size(); next++) {
      double log =
          at <= moves
              ? factor(all, turn, rows, moves - at, path[at - 1], next, -1)
              : factor(all, turn, rows, at - moves - 1, -1, path[at - 1], next);
      if (log > Double.NEGATIVE_INFINITY) {
        path[at] = next;
        walk(all, turn, rows, scores, path, at + 1, logForth + log, out);
      }
    }
  }

  /** log q(noisy|clean) if there is a clean one, else log K(next|noisy); the production factors. */
  private static double factor(
      Enumerated all, UTurn turn, double[][][][] rows, int k, int clean, int noisy, int next) {
    int[] z = all.states.get(noisy);
    if (clean < 0) {
      return ReverseChain.logProbability(
          rows[k][noisy], all.chain.positions(k), all.states.get(next));
    }
    double[][] certain = new double[z.length][all.chain.model().process().stateCount()];
    for (double[] row : certain) {
      Arrays.fill(row, 1);
    }
    return turn.logFactor(k, all.states.get(clean), z, z, certain);
  }

  private static Stream<ReverseChain> chains() {
    TimeGrid one = TimeGrid.of(0.8, 0);
    TimeGrid two = TimeGrid.of(0.8, 0.3, 0);
    return Stream.of(
        Enumerated.uniform(SMALL, one),
        Enumerated.uniform(SMALL, two),
        Enumerated.uniform(SMALL, TestHeads.perturbed(SMALL, 1), two),
        ReverseChain.leaping(
            StepModel.of(NoisyOracle.uniform(SMALL), NoiseProcess.uniform(3), 9),
            Canvas.blank(2, 3),
            two),
        Enumerated.masking(SMALL, one),
        Enumerated.masking(SMALL, two));
  }

  /** Good or bad kernels, one step or two: the target of the retaining turn is invariant. */
  @ParameterizedTest
  @MethodSource("chains")
  void retainingIsReversibleForTheTargetWhateverTheKernel(ReverseChain chain) {
    Enumerated all = new Enumerated(chain);
    double[] target = target(all, SMALL, chain.model().mask());
    double[][] matrix = retaining(all, logTarget(SMALL), target);
    double moved = 0;
    for (int x = 0; x < target.length; x++) {
      if (target[x] > 0) {
        assertEquals(1, Arrays.stream(matrix[x]).sum(), 1e-12);
      }
      for (int y = 0; y < target.length; y++) {
        assertEquals(target[x] * matrix[x][y], target[y] * matrix[y][x], 1e-15, x + " " + y);
        moved += x == y ? 0 : target[x] * matrix[x][y];
      }
    }
    assertTrue(moved > 0.1, "moves with probability " + moved);
    assertEquals(0, Divergence.totalVariation(target, Matrices.times(target, matrix)), 1e-14);
  }

  /** Draws of the retaining turn from one start; the broken twin accepts everything. */
  @ParameterizedTest
  @MethodSource("chains")
  void drawsFollowTheEnumeratedLaw(ReverseChain chain) {
    Enumerated all = new Enumerated(chain);
    double[] target = target(all, SMALL, chain.model().mask());
    int start = all.index(new int[] {2, 1});
    double[] law = retaining(all, logTarget(SMALL), target)[start];
    List<int[]> starts = new ArrayList<>();
    for (int c = 0; c < 20_000; c++) {
      starts.add(new int[] {2, 1});
    }
    UTurn right = UTurn.latentRetaining(chain, logTarget(SMALL));
    double p = ChiSquare.pValue(law, counts(all, right.run(starts, 1, 2026)));
    assertTrue(p > 1e-4, "p-value " + p);
    UTurn wrong = UTurn.metropolis(chain, NOTHING);
    double broken = ChiSquare.pValue(law, counts(all, wrong.run(starts, 1, 2026)));
    assertTrue(broken < 1e-4, "accepting everything passes with p-value " + broken);
  }

  private static long[] counts(Enumerated all, List<UTurn.Outcome> outcomes) {
    long[] counts = new long[all.size()];
    outcomes.forEach(outcome -> counts[all.index(outcome.tokens())]++);
    return counts;
  }

  /**
   * Masking one token and redrawing it is exact Gibbs, so the simple rule keeps p e^s: chains that
   * start there are still there. The broken twin knows no score and drifts to p.
   */
  @Test
  void oneMaskedTokenMakesTheSimpleRuleExact() {
    ReverseChain chain = Enumerated.masking(SMALL, TimeGrid.of(Double.POSITIVE_INFINITY, 0));
    Enumerated all = new Enumerated(chain);
    SequenceScorer score = sequences -> sequences.stream().mapToDouble(UTurnTest::tilt).toArray();
    double[] target = target(all, SMALL, 3);
    List<int[]> starts = new ArrayList<>();
    for (int c = 0; c < 20_000; c++) {
      double uniform = KeyedRandom.uniform(6, c, 0, 0, Purpose.OTHER);
      starts.add(all.states.get(HeapLaws.draw(target, uniform)));
    }
    UTurn right = UTurn.metropolis(chain, score).withMaskCount(1);
    double p = ChiSquare.pValue(target, counts(all, right.run(starts, 5, 5)));
    assertTrue(p > 1e-4, "p-value " + p);
    UTurn wrong = UTurn.metropolis(chain, NOTHING).withMaskCount(1);
    double broken = ChiSquare.pValue(target, counts(all, wrong.run(starts, 5, 5)));
    assertTrue(broken < 1e-4, "without score it passes with p-value " + broken);
  }

  /**
   * The exact rule with a mask count keeps its target whatever the network says: chains that start
   * there are still there after five turns, seed 5, rate 1e-4. The wrong twin accepts by the scores
   * alone.
   */
  @Test
  void withAMaskCountTheRetainingRuleKeepsItsTarget() {
    ExactLaw other = ExactLaw.table(2, 3, new double[] {.05, .2, .1, .1, .05, .2, .15, .1, .05});
    ReverseChain chain = Enumerated.masking(other, TimeGrid.of(Double.POSITIVE_INFINITY, 0));
    Enumerated all = new Enumerated(chain);
    double[] target = target(all, SMALL, 3);
    List<int[]> starts = new ArrayList<>();
    for (int c = 0; c < 20_000; c++) {
      double uniform = KeyedRandom.uniform(6, c, 0, 0, Purpose.OTHER);
      starts.add(all.states.get(HeapLaws.draw(target, uniform)));
    }
    UTurn right = UTurn.latentRetaining(chain, logTarget(SMALL)).withMaskCount(1);
    double p = ChiSquare.pValue(target, counts(all, right.run(starts, 5, 5)));
    assertTrue(p > 1e-4, "p-value " + p);
    UTurn wrong = UTurn.metropolis(chain, logTarget(SMALL)).withMaskCount(1);
    double broken = ChiSquare.pValue(target, counts(all, wrong.run(starts, 5, 5)));
    assertTrue(broken < 1e-4, "accepting by scores passes with p-value " + broken);
  }

  /**
   * Every turn masks another token, so chains forget where they started: after 40 turns of single
   * tokens they have the law, seed 5, rate 1e-4. The wrong twin has made one turn.
   */
  @Test
  void turnsOfSingleTokensReachAllWords() {
    ReverseChain chain = Enumerated.masking(SMALL, TimeGrid.of(Double.POSITIVE_INFINITY, 0));
    Enumerated all = new Enumerated(chain);
    double[] law = law(all);
    List<int[]> starts = Collections.nCopies(4000, new int[] {2, 0});
    UTurn turn = UTurn.metropolis(chain, NOTHING).withMaskCount(1);
    double p = ChiSquare.pValue(law, counts(all, turn.run(starts, 40, 5)));
    assertTrue(p > 1e-4, "p-value " + p);
    double broken = ChiSquare.pValue(law, counts(all, turn.run(starts, 1, 5)));
    assertTrue(broken < 1e-4, "one turn passes with p-value " + broken);
  }

  /** The data law over all states, those with MASK at 0. */
  private static double[] law(Enumerated all) {
    return all.states.stream()
        .mapToDouble(
            x -> Arrays.stream(x).anyMatch(t -> t == 3) ? 0 : Math.exp(SMALL.logProbability(x)))
        .toArray();
  }

  /** Two single tokens away from what is allowed: there is no way but through forbidden words. */
  @Test
  void aForbiddenStartFindsItsWayOut() {
    double never = Double.NEGATIVE_INFINITY;
    assertEquals(0, UTurn.logAcceptance(never, never));
    assertEquals(0, UTurn.logAcceptance(never, -3));
    assertEquals(never, UTurn.logAcceptance(-3, never));
    ReverseChain chain = Enumerated.masking(SMALL, TimeGrid.of(Double.POSITIVE_INFINITY, 0));
    SequenceScorer score =
        sequences -> sequences.stream().mapToDouble(x -> x[0] + x[1] == 0 ? 0 : never).toArray();
    List<int[]> starts = Collections.nCopies(200, new int[] {1, 1});
    List<UTurn.Outcome> ends = UTurn.metropolis(chain, score).withMaskCount(1).run(starts, 200, 3);
    assertTrue(ends.stream().allMatch(end -> end.score() == 0), "left where nothing is allowed");
  }

  /**
   * Latents for either end: more steps are accepted more often, not less. The same 2000 starts,
   * seeds 3 and 8; the mean of the paired differences is above 0 by 3.89 standard errors.
   */
  @Test
  void moreStepsAreAcceptedMoreOften() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    SequenceScorer scorer =
        sequences -> sequences.stream().mapToDouble(law::logProbability).toArray();
    List<int[]> starts = new ArrayList<>();
    for (int c = 0; c < 2000; c++) {
      starts.add(law.sample(3, c));
    }
    double[][] accepted = new double[3][];
    for (int k = 0; k < 3; k++) {
      ReverseChain chain = Enumerated.uniform(law, TimeGrid.uniform(0.5, 1 << (2 * k)));
      accepted[k] =
          UTurn.latentRetaining(chain, scorer).run(starts, 1, 8).stream()
              .mapToDouble(UTurn.Outcome::accepted)
              .toArray();
    }
    for (int k = 1; k < 3; k++) {
      double[] more = accepted[k];
      double[] fewer = accepted[k - 1];
      Estimate gain =
          Estimate.of(
              IntStream.range(0, starts.size()).mapToDouble(c -> more[c] - fewer[c]).toArray());
      assertTrue(gain.mean() > 3.89 * gain.standardError(), gain.toString());
    }
  }

  @Test
  void batchSizeAndFixedTokensAreKept() {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    Canvas canvas = Canvas.of(new int[] {3, 2, 3, 3}, 3);
    List<List<UTurn.Outcome>> runs = new ArrayList<>();
    for (int maxBatch : new int[] {1, 3, 100}) {
      StepModel model = StepModel.of(NoisyOracle.uniform(law), NoiseProcess.uniform(3), maxBatch);
      ReverseChain chain =
          ReverseChain.of(model, canvas, TimeGrid.of(1, 0.4, 0), ReverseKernel.tweedie());
      List<int[]> starts = List.of(new int[] {0, 2, 1, 0}, new int[] {1, 2, 1, 1});
      runs.add(
          UTurn.metropolis(chain, sequences -> new double[sequences.size()]).run(starts, 9, 4));
    }
    for (List<UTurn.Outcome> run : runs) {
      for (int c = 0; c < 2; c++) {
        assertArrayEquals(runs.get(0).get(c).tokens(), run.get(c).tokens());
        assertEquals(2, run.get(c).tokens()[1]);
        assertEquals(9, run.get(c).accepted());
      }
    }
  }

  @Test
  void saysWhatItRefuses() {
    ReverseChain chain = Enumerated.uniform(SMALL, TimeGrid.of(0.8, 0.3, 0));
    UTurn turn = UTurn.metropolis(chain, NOTHING);
    assertFalse(turn.exact());
    assertTrue(UTurn.latentRetaining(chain, NOTHING).exact());
    assertThrows(IllegalArgumentException.class, () -> turn.withMaskCount(1));
    assertThrows(IllegalArgumentException.class, () -> turn.run(List.of(new int[] {0}), 1, 0));
    assertThrows(IllegalArgumentException.class, () -> turn.run(List.of(new int[] {0, 3}), 1, 0));
    assertThrows(IllegalArgumentException.class, () -> turn.run(List.of(), -1, 0));
    ReverseChain swept = chain.withSweeps(1);
    assertThrows(IllegalArgumentException.class, () -> UTurn.latentRetaining(swept, NOTHING));
    UTurn masking =
        UTurn.latentRetaining(Enumerated.masking(SMALL, TimeGrid.of(1, 0.5, 0)), NOTHING);
    assertThrows(IllegalArgumentException.class, () -> masking.withMaskCount(1));
    assertThrows(
        IllegalArgumentException.class,
        () -> UTurn.metropolis(chain, x -> new double[0]).run(List.of(new int[] {0, 1}), 1, 0));
    UTurn infinite = UTurn.metropolis(chain, x -> new double[] {Double.POSITIVE_INFINITY});
    assertThrows(
        IllegalArgumentException.class, () -> infinite.run(List.of(new int[] {0, 1}), 1, 0));
    UTurn unknown = UTurn.metropolis(chain, x -> new double[] {Double.NaN});
    assertThrows(
        IllegalArgumentException.class, () -> unknown.run(List.of(new int[] {0, 1}), 1, 0));
    UTurn masked = UTurn.metropolis(Enumerated.masking(SMALL, TimeGrid.of(1, 0)), NOTHING);
    assertThrows(IllegalArgumentException.class, () -> masked.run(List.of(new int[] {3, 1}), 1, 0));
    Canvas given = Canvas.of(new int[] {3, 1}, 3);
    UTurn fixed =
        UTurn.metropolis(
            ReverseChain.of(chain.model(), given, chain.grid(), ReverseKernel.tweedie()), NOTHING);
    assertEquals(1, fixed.run(List.of(new int[] {0, 1}), 1, 0).size());
    assertThrows(IllegalArgumentException.class, () -> fixed.run(List.of(new int[] {0, 2}), 1, 0));
    ReverseChain full =
        ReverseChain.of(
            chain.model(), Canvas.of(new int[] {0, 1}, 3), chain.grid(), ReverseKernel.tweedie());
    assertThrows(IllegalArgumentException.class, () -> UTurn.metropolis(full, NOTHING));
  }
}
