package io.github.dllm4j.engine.steer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The projection, the trust region, and what a learned twist is good for. */
class TwistLearnerTest {
  private static final SequenceScorer SCORE =
      sequences ->
          sequences.stream().mapToDouble(x -> 1.2 * Arrays.stream(x).sum() - 0.9 * x[0]).toArray();

  private static ReverseChain chain(boolean masking) {
    ExactLaw law = UniformGolden.law("markov_S3_d4");
    TimeGrid grid = TimeGrid.of(2, 1, 0.4, 0);
    return masking ? Enumerated.masking(law, grid) : Enumerated.uniform(law, grid);
  }

  /** Every round stays in the region; the last twist makes particles several times as effective. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aLearnedTwistSpreadsTheWeights(boolean masking) {
    ReverseChain chain = chain(masking);
    TwistLearner.Learned learned = new TwistLearner(chain, SCORE, 0.5, 0.01).learn(6, 300, 1);
    assertEquals(6, learned.rounds().size());
    for (TwistLearner.Round round : learned.rounds()) {
      assertTrue(round.klNats() <= 0.5 && round.eta() > 0 && round.eta() <= 1, round.toString());
    }
    double before = learned.rounds().get(0).effectiveShare();
    double after = learned.rounds().get(5).effectiveShare();
    assertTrue(after > 2 * before, before + " -> " + after);
    ParticleSampler sampler =
        ParticleSampler.lookAhead(chain, SCORE, learned.twist())
            .withResampling(Resampling.SYSTEMATIC, 0);
    double plain = last(ParticleSampler.bootstrap(chain, SCORE, Twist.none()));
    assertTrue(last(sampler) > 2 * plain, plain + " -> " + last(sampler));
  }

  /**
   * A Gibbs update moves one token; the others keep the factors they had. Resampled particles then
   * estimate Z with a relative deviation of about 0.09 (150 sets, seed 9, so the deviation is known
   * to about 6% of itself, and 0.13 would be 8 standard errors off). The wrong twin has no factors
   * where a move changes nothing.
   */
  @Test
  void whatAMoveLeavesAloneKeepsItsFactors() {
    ReverseChain chain = chain(false).withSweeps(1);
    FactorisedTwist learned =
        (FactorisedTwist) new TwistLearner(chain, SCORE, 0.5, 0.01).learn(6, 300, 1).twist();
    double[][][] forgetful = new double[chain.moves() + 1][4][3];
    for (int step = 0; step <= chain.moves(); step++) {
      for (int h = 0; h < 4; h++) {
        if (step == 0 || Arrays.binarySearch(chain.positions(step - 1), h) >= 0) {
          forgetful[step][h] = learned.logFactors()[step][h];
        } else {
          assertArrayEquals(learned.logFactors()[step - 1][h], learned.logFactors()[step][h]);
        }
      }
    }
    double kept = relativeDeviation(chain, learned);
    assertTrue(kept < 0.13, "relative deviation " + kept);
    double wrong = relativeDeviation(chain, new FactorisedTwist(learned.holes(), forgetful));
    assertTrue(wrong > 0.13, "without the factors relative deviation " + wrong);
  }

  /** Standard deviation of Zhat over its mean. */
  private static double relativeDeviation(ReverseChain chain, Twist twist) {
    ParticleSampler sampler = ParticleSampler.lookAhead(chain, SCORE, twist);
    double[] estimates = new double[150];
    Arrays.setAll(estimates, s -> Math.exp(sampler.run(32, 9, s).logNormaliser()));
    Estimate mean = Estimate.of(estimates);
    return mean.standardError() * Math.sqrt(estimates.length) / mean.mean();
  }

  /** Paths of two rounds are drawn anew: one in ten is the same word, not nearly all. */
  @Test
  void everyRoundDrawsItsOwnPaths() {
    List<List<int[]>> rounds = new ArrayList<>();
    SequenceScorer same =
        sequences -> {
          rounds.add(sequences);
          return new double[sequences.size()];
        };
    new TwistLearner(chain(false), same, 0.5, 0.01).learn(2, 300, 1);
    long equal =
        IntStream.range(0, 300)
            .filter(j -> Arrays.equals(rounds.get(0).get(j), rounds.get(1).get(j)))
            .count();
    assertTrue(equal < 100, equal + " of 300 paths are the same");
  }

  /** Nothing of the target in sight: stay. The wrong twin would call it reached. */
  @Test
  void whereAllIsForbiddenTheLawStays() {
    double never = Double.NEGATIVE_INFINITY;
    double[] p = {.7, .3, 0};
    for (double[] logs :
        List.of(new double[] {never, never, never}, new double[] {never, never, 3})) {
      TrustRegion.Step step = TrustRegion.farthest(p, logs, 10);
      assertEquals(0, step.eta());
      assertEquals(0, step.klNats());
      assertArrayEquals(p, step.masses(), 1e-15);
    }
    SequenceScorer forbidding = sequences -> sequences.stream().mapToDouble(x -> never).toArray();
    TwistLearner.Learned learned =
        new TwistLearner(chain(true), forbidding, 0.5, 0.01).learn(1, 50, 1);
    assertEquals(List.of(new TwistLearner.Round(0, 0, 0)), learned.rounds());
  }

  private static double last(ParticleSampler sampler) {
    double[] sizes = sampler.run(400, 9, 0).effectiveSizes();
    return sizes[sizes.length - 1] / 400;
  }

  /** One path with the learned twist, all of them summed: Z exactly. */
  @Test
  void theLearnedTwistIsUnbiased() {
    ExactLaw law = ExactLaw.table(2, 2, new double[] {.45, .05, .1, .4});
    ReverseChain chain = Enumerated.uniform(law, TimeGrid.of(2, 0.5, 0));
    Twist twist = new TwistLearner(chain, SCORE, 0.5, 0.01).learn(4, 100, 1).twist();
    Enumerated all = new Enumerated(chain);
    double[] want = all.output();
    double[] scores = SCORE.score(all.states);
    Arrays.setAll(want, x -> want[x] * Math.exp(scores[x]));
    OneParticle one = new OneParticle(all, new Proposal(chain, SCORE, twist, true));
    assertArrayEquals(want, one.weightedLaw(1), 1e-13);
  }

  /** At the maximum the tilted laws expect what was observed. */
  @Test
  void theFitIsTheWeightedMaximumOfTheLikelihood() {
    double[][] laws = {{.5, .3, .2, 0}, {.1, .6, .3, 0}, {.3, .3, .2, .2}};
    int[] tokens = {0, 2, 1};
    double[] weights = {.5, .2, .3};
    double[] theta = new double[4];
    TwistLearner.fit(theta, laws, tokens, weights, 0.1);
    double[] expected = new double[4];
    double[] observed = {.45, .27, .18, 0};
    for (int j = 0; j < 3; j++) {
      double[] tilted = Proposal.tilted(laws[j], theta);
      for (int b = 0; b < 4; b++) {
        expected[b] += weights[j] * tilted[b];
        observed[b] += 0.1 * weights[j] * laws[j][b];
      }
    }
    assertArrayEquals(observed, expected, 1e-8);
  }

  /** Constraint met with equality, and the tempered law the closest to the target inside it. */
  @Test
  void theStepIsTheClosestInTheRegion() {
    double[] p = {.4, .3, .2, .1};
    double[] target = {.05, .05, .1, .8};
    double[] logs = new double[4];
    Arrays.setAll(logs, j -> Math.log(target[j] / p[j]));
    TrustRegion.Step step = TrustRegion.farthest(p, logs, 0.2);
    assertEquals(0.2, step.klNats(), 1e-12);
    assertEquals(0.2, Divergence.kl(step.masses(), p), 1e-12);
    double best = Divergence.kl(step.masses(), target);
    for (double[] direction : List.of(new double[] {1, -1, 0, 0}, new double[] {1, 1, -1, -1})) {
      for (double size : new double[] {-0.03, -0.01, 0.01, 0.03}) {
        double[] other = step.masses().clone();
        Arrays.setAll(other, j -> other[j] + size * direction[j]);
        boolean outside = Divergence.kl(other, p) > 0.2;
        assertTrue(outside || Divergence.kl(other, target) > best);
      }
    }
    TrustRegion.Step whole = TrustRegion.farthest(p, logs, 10);
    assertEquals(1, whole.eta());
    assertArrayEquals(target, whole.masses(), 1e-15);
    double[] forbidding = {0, 0, Double.NEGATIVE_INFINITY, 0};
    TrustRegion.Step none = TrustRegion.farthest(p, forbidding, 0.1);
    assertEquals(0, none.eta());
    assertArrayEquals(p, none.masses(), 1e-15);
  }

  @Test
  void saysWhatItRefuses() {
    ReverseChain chain = chain(false);
    refused(() -> new TwistLearner(chain, SCORE, 0, 0.1));
    refused(() -> new TwistLearner(chain, SCORE, 1, 0));
    refused(() -> new TwistLearner(chain, SCORE, 1, 1));
    TwistLearner learner = new TwistLearner(chain, SCORE, 1, 0.1);
    refused(() -> learner.learn(0, 10, 0));
    refused(() -> learner.learn(1, 1, 0));
    refused(() -> TrustRegion.farthest(new double[1], new double[2], 1));
    refused(() -> TrustRegion.farthest(new double[1], new double[1], 0));
  }

  private static void refused(org.junit.jupiter.api.function.Executable what) {
    assertThrows(IllegalArgumentException.class, what);
  }
}
