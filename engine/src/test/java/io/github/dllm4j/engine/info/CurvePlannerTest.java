package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.InformationCurve.Source;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is chosen on measured curves is good on the true one, and its price is honest. */
class CurvePlannerTest {
  private static final int D = 32;
  private static final int[] STEPS = {2, 4, 8, 12, 16};

  /** A smooth curve, as of text: it falls fast at first and slowly at the end. */
  private static InformationCurve smooth() {
    return InformationCurve.exact(
        IntStream.range(0, D).mapToDouble(j -> 3 + 3 * Math.exp(-j / 20.0)).toArray());
  }

  /** A truth with independent normal errors, which are what losses of few hidden tokens have. */
  private static CurveSample noisy(InformationCurve truth, int examples, double sd, int seed) {
    List<double[]> curves = new ArrayList<>();
    for (int e = 0; e < examples; e++) {
      double[] curve = truth.values();
      for (int j = 0; j < curve.length; j++) {
        double error = sd * KeyedRandom.gaussian(seed, e, 0, j, Purpose.OTHER);
        curve[j] = Math.max(0, curve[j] + error);
      }
      curves.add(curve);
    }
    return CurveSample.of(Source.MODEL_ENTROPY, CurveNodes.all(truth.length()), curves);
  }

  private static CurveStudy study(ExactLaw law, int first, int count) {
    try (Denoiser oracle = new OracleDenoiser(law)) {
      return CurveStudy.of(
          oracle,
          IntStream.range(first, first + count).mapToObj(i -> law.sample(3, i)).iterator(),
          CurveNodes.all(law.length()),
          16,
          5);
    }
  }

  /**
   * On noise the choice costs in truth hardly more than balanced sizes, and over all runs no more;
   * the plan of the isotonic means, which follows the noise, is the wrong twin: what it costs above
   * the best plan is twice as much or more.
   */
  @Test
  void noiseIsNotFollowed() {
    InformationCurve truth = smooth();
    StepPlanner best = new StepPlanner(truth);
    double chosen = 0;
    double raw = 0;
    double even = 0;
    int runs = 10;
    for (int run = 0; run < runs; run++) {
      CurveSample sample = noisy(truth, 32, 0.3, run);
      CurvePlanner planner = CurvePlanner.of(sample);
      StepPlanner follower = new StepPlanner(SmoothCurve.of(sample, Optional.empty(), 0));
      for (int steps : STEPS) {
        double least = SamplingCost.conditionalKl(truth, best.forSteps(steps));
        double balanced = SamplingCost.conditionalKl(truth, SizePlan.balanced(D, steps));
        double own = SamplingCost.conditionalKl(truth, planner.forSteps(steps));
        assertTrue(own <= 1.1 * balanced, "run " + run + ", " + steps + " steps: " + own);
        chosen += own / least / runs / STEPS.length;
        even += balanced / least / runs / STEPS.length;
        raw +=
            SamplingCost.conditionalKl(truth, follower.forSteps(steps))
                / least
                / runs
                / STEPS.length;
      }
    }
    assertTrue(chosen <= even + 0.01, chosen + " times the best, balanced " + even);
    assertTrue(raw - 1 > 2 * (chosen - 1), raw + " times the best, chosen " + chosen);
  }

  /** Bends that the examples prove are kept: a curve that is a staircase, with the same noise. */
  @Test
  void bendsThatAreProvenAreKept() {
    double[] stairs = new double[D];
    for (int j = 0; j < D; j++) {
      stairs[j] = j < 16 ? 6 : j < 24 ? 3 : 1;
    }
    InformationCurve truth = InformationCurve.exact(stairs);
    CurvePlanner planner = CurvePlanner.of(noisy(truth, 32, 0.3, 0));
    double own = SamplingCost.conditionalKl(truth, planner.forSteps(3));
    double balanced = SamplingCost.conditionalKl(truth, SizePlan.balanced(D, 3));
    assertTrue(own < 0.35 * balanced, own + " against " + balanced);
  }

  /**
   * Only the last of eight tokens is determined by the others: steps that end with one token cost
   * nothing, even sizes ln 2. From 64 words a plan that costs nothing is found.
   */
  @Test
  void hardConstraintsAreFound() {
    ExactLaw law = ExactLaw.latentParity(1, 7);
    InformationCurve truth = law.curve().orElseThrow();
    CurvePlanner planner = CurvePlanner.of(study(law, 0, 64).entropy());
    double own = SamplingCost.conditionalKl(truth, planner.forSteps(4));
    double best = SamplingCost.conditionalKl(truth, new StepPlanner(truth).forSteps(4));
    double balanced = SamplingCost.conditionalKl(truth, SizePlan.balanced(8, 4));
    assertEquals(0, best, 1e-12);
    assertEquals(Math.log(2), balanced, 1e-12);
    assertTrue(own <= best + 0.02, own + " against the best " + best);
  }

  /**
   * Whatever the paying half says, the choice is the same; whatever the choosing one, the price.
   */
  @Test
  void oneHalfChoosesAndTheOtherPays() {
    CurveStudy study = study(ExactLaw.potts(8, 3, 1.2), 0, 23);
    CurvePlanner planner = CurvePlanner.of(study);
    List<double[]> paying = new ArrayList<>();
    for (int e = 1; e < 23; e += 2) {
      paying.add(study.crossEntropy().values().get(e));
    }
    StepPlanner choice =
        new StepPlanner(SmoothCurve.of(study.choosing().without(1, 2), Optional.empty()));
    for (int steps : new int[] {1, 2, 3, 5, 8}) {
      SizePlan own = planner.forSteps(steps);
      assertArrayEquals(choice.forSteps(steps).sizes(), own.sizes());
      for (SizePlan plan : List.of(own, SizePlan.balanced(8, steps))) {
        Estimate price = planner.price(plan).orElseThrow();
        Estimate paid =
            Estimate.of(
                paying.stream()
                    .mapToDouble(c -> SamplingCost.conditionalKl(InformationCurve.exact(c), plan))
                    .toArray());
        assertEquals(paid.mean(), price.mean(), 1e-12);
        assertEquals(paid.standardError(), price.standardError(), 1e-12);
        assertEquals(price.mean(), planner.cost(plan).getAsDouble(), 1e-12);
      }
    }
    SizePlan within = planner.forBudget(0.2);
    assertTrue(planner.cost(within).getAsDouble() <= 0.2);
    assertTrue(
        within.steps() == 1
            || planner.cost(planner.forSteps(within.steps() - 1)).getAsDouble() > 0.2);
    assertThrows(IllegalArgumentException.class, () -> planner.forBudget(-1));
  }

  /**
   * Over 150 runs the mean of price minus true cost is within 4 of its errors of 0 (false alarms: 1
   * in 16,000). The wrong twin pays with the examples that chose: it is below the truth by more.
   */
  @Test
  void thePriceIsNotTakenInByTheChoice() {
    ExactLaw law =
        ExactLaw.markov(8, new double[] {0.5, 0.5}, new double[][] {{0.8, 0.2}, {0.2, 0.8}});
    InformationCurve truth = law.curve().orElseThrow();
    int runs = 150;
    double[] honest = new double[runs];
    double[] naive = new double[runs];
    for (int run = 0; run < runs; run++) {
      CurveSample sample = study(law, 10 * run, 10).crossEntropy();
      CurvePlanner planner = CurvePlanner.of(sample);
      SizePlan plan = planner.forSteps(3);
      double real = SamplingCost.conditionalKl(truth, plan);
      honest[run] = planner.price(plan).orElseThrow().mean() - real;
      SizePlan follower = new StepPlanner(SmoothCurve.of(sample, Optional.empty(), 0)).forSteps(3);
      naive[run] =
          SamplingCost.conditionalKl(sample.curve(), follower)
              - SamplingCost.conditionalKl(truth, follower);
    }
    Estimate bias = Estimate.of(honest);
    assertTrue(Math.abs(bias.mean()) < 4 * bias.standardError(), bias.toString());
    Estimate wrong = Estimate.of(naive);
    assertTrue(wrong.mean() < -4 * wrong.standardError(), wrong.toString());
  }

  /** The fit is the minimum it says it is: any step away from it costs more. */
  @Test
  void theFitIsTheLeastOfItsSum() {
    double[] places = {0, 1, 3, 7, 8, 12};
    double[] values = {5, 4.2, 4.4, 2, 2.5, 1};
    double[] weights = {2, 1, 1, 0.5, 1, 0.5};
    double[] fit = SmoothCurve.fit(places, values, weights, 1e-3);
    double least = sum(places, values, weights, fit, 1e-3);
    for (int n = 0; n < fit.length; n++) {
      for (double step : new double[] {-1e-3, 1e-3}) {
        double[] other = fit.clone();
        other[n] += step;
        assertTrue(sum(places, values, weights, other, 1e-3) > least);
      }
    }
    assertArrayEquals(values, SmoothCurve.fit(places, values, weights, 0));
    double[] line = SmoothCurve.fit(places, values, weights, Double.POSITIVE_INFINITY);
    assertArrayEquals(line, SmoothCurve.fit(places, values, weights, 1e7), 1e-4);
    assertEquals((line[1] - line[0]) / 1, (line[5] - line[4]) / 4, 1e-12);
  }

  private static double sum(double[] x, double[] y, double[] w, double[] f, double stiffness) {
    double length = x[x.length - 1] - x[0];
    double sum = 0;
    for (int n = 0; n < x.length; n++) {
      sum += w[n] * (y[n] - f[n]) * (y[n] - f[n]);
      if (n > 0 && n < x.length - 1) {
        double bend = (f[n + 1] - f[n]) / (x[n + 1] - x[n]) - (f[n] - f[n - 1]) / (x[n] - x[n - 1]);
        sum += stiffness * bend * bend * length * length * length / ((x[n + 1] - x[n - 1]) / 2 * 1);
      }
    }
    return sum;
  }

  /**
   * Four examples at five places cannot show a bend between these; a prior that has it can, lifted
   * and tilted though it be, and a prior without it does no harm.
   */
  @Test
  void aPriorCurveIsTiltedByFewExamples() {
    InformationCurve truth = smooth();
    List<double[]> curves = new ArrayList<>();
    CurveNodes nodes = CurveNodes.even(D, 5);
    for (double[] curve : noisy(truth, 4, 0.2, 3).values()) {
      curves.add(Arrays.stream(nodes.at()).mapToDouble(j -> curve[j]).toArray());
    }
    CurveSample sample = CurveSample.of(Source.MODEL_SAMPLES, nodes, curves);
    InformationCurve lifted =
        InformationCurve.exact(
            IntStream.range(0, D).mapToDouble(j -> truth.at(j) + 2 - 0.02 * j).toArray());
    double alone = 0;
    double known = 0;
    double flat = 0;
    for (int steps : STEPS) {
      alone += SamplingCost.conditionalKl(truth, CurvePlanner.of(sample).forSteps(steps));
      known += SamplingCost.conditionalKl(truth, CurvePlanner.of(sample, lifted).forSteps(steps));
      InformationCurve zero = InformationCurve.exact(new double[D]);
      flat += SamplingCost.conditionalKl(truth, CurvePlanner.of(sample, zero).forSteps(steps));
    }
    assertTrue(known < alone, known + " against " + alone);
    assertTrue(flat < 1.05 * alone, flat + " against " + alone);
    SizePlan plan = SizePlan.balanced(D, 8);
    double high = SamplingCost.conditionalKl(lifted, plan);
    InformationCurve steep =
        InformationCurve.exact(IntStream.range(0, D).mapToDouble(j -> 9 - 0.25 * j).toArray());
    double own = CurvePlanner.of(sample).cost(plan).getAsDouble();
    assertEquals(
        Math.max(own, high), CurvePlanner.of(sample, lifted).cost(plan).getAsDouble(), 1e-12);
    double more = SamplingCost.conditionalKl(steep, plan);
    assertTrue(more > own);
    assertEquals(more, CurvePlanner.of(sample, steep).price(plan).orElseThrow().mean(), 1e-12);
    assertThrows(
        IllegalArgumentException.class,
        () -> CurvePlanner.of(sample, InformationCurve.exact(1, 0)));
  }

  /** Two or three examples are not split: the sizes are balanced and all pay. */
  @Test
  void whereNothingCostsSizesAreBalanced() {
    for (double level : new double[] {0, 0.1, 1 / 3.0}) {
      double[] flat = new double[D];
      Arrays.fill(flat, level);
      CurvePlanner exact = CurvePlanner.of(InformationCurve.exact(flat));
      double[] rising = flat.clone();
      for (int j = 0; j < D; j++) {
        rising[j] += j / 100.0; // what noise makes of a flat curve
      }
      CurvePlanner measured =
          CurvePlanner.of(
              CurveSample.of(Source.MODEL_ENTROPY, CurveNodes.all(D), List.of(rising, rising)));
      for (int steps = 1; steps <= D; steps++) {
        int[] balanced = SizePlan.balanced(D, steps).sizes();
        assertArrayEquals(balanced, exact.forSteps(steps).sizes());
        assertArrayEquals(balanced, measured.forSteps(steps).sizes());
      }
    }
  }

  @Test
  void fewExamplesAreNotSplit() {
    for (int examples : new int[] {2, 3, 4, 5}) {
      CurvePlanner planner = CurvePlanner.of(noisy(smooth(), examples, 0.1, 1));
      SizePlan plan = planner.forSteps(8);
      assertEquals(examples < 4 ? examples : 2, planner.price(plan).orElseThrow().count());
      if (examples < 4) {
        assertArrayEquals(SizePlan.balanced(D, 8).sizes(), plan.sizes());
      }
    }
  }
}
