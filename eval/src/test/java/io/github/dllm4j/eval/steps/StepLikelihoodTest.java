package io.github.dllm4j.eval.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The likelihood of samplers with an exact law in place of the model. */
class StepLikelihoodTest {
  private static final double Z = 3.891; // passed with probability 1e-4, on either side
  private static final int D = 5;
  private static final ExactLaw LAW =
      ExactLaw.markov(D, new double[] {0.5, 0.5}, new double[][] {{0.8, 0.2}, {0.2, 0.8}});

  private static List<int[]> words(int count) {
    return IntStream.range(0, count).mapToObj(i -> LAW.sample(3, i)).toList();
  }

  /** One by one it is the law itself, all at once the product of the marginals. */
  @Test
  void theEndsAreClosedForms() {
    List<int[]> words = words(20);
    List<StepLikelihood.Score> scores =
        StepLikelihood.of(
            new OracleDenoiser(LAW),
            words,
            List.of(SizePlan.firstHitting(D), SizePlan.balanced(D, 1), ChancePlan.of(1)),
            7);
    double[] exact = words.stream().mapToDouble(word -> -LAW.logProbability(word) / D).toArray();
    Estimate mean = Estimate.of(exact);
    assertEquals(mean.mean(), scores.get(0).nats().mean(), 1e-12);
    assertEquals(mean.standardError(), scores.get(0).nats().standardError(), 1e-12);
    assertEquals(0, scores.get(0).cost().mean(), 0);
    for (StepLikelihood.Score once : scores.subList(1, 3)) {
      assertEquals(Math.log(2), once.nats().mean(), 1e-12);
      assertEquals(D * (Math.log(2) - mean.mean()), once.cost().mean(), 1e-11);
      assertEquals(20, once.cost().count());
    }
  }

  /** With an exact law the mean cost is the conditional KL; false-alarm rate 1e-4 for each. */
  @Test
  void theMeanCostIsTheConditionalKl() {
    SizePlan sizes = SizePlan.of(2, 2, 1);
    ChancePlan chances = ChancePlan.of(0.5, 0.25, 0.25);
    List<StepLikelihood.Score> scores =
        StepLikelihood.of(new OracleDenoiser(LAW), words(1500), List.of(sizes, chances), 7);
    double[] onPaper = {
      SamplingCost.conditionalKl(LAW.curve().orElseThrow(), sizes),
      SamplingCost.conditionalKl(LAW.curve().orElseThrow(), chances)
    };
    for (int p = 0; p < 2; p++) {
      Estimate cost = scores.get(p).cost();
      assertEquals(onPaper[p], cost.mean(), Z * cost.standardError());
      // The other plan's cost must be told apart.
      assertTrue(Math.abs(onPaper[1 - p] - cost.mean()) > Z * cost.standardError());
    }
    assertTrue(Arrays.stream(onPaper).allMatch(kl -> kl > 0));
  }
}
