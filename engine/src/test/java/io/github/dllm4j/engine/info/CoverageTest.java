package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How often nominal 95 % intervals hold the truth: 1000 replications of 64 and of 256 examples on
 * laws whose curves are known. The numbers of docs/planner.md are its report; 1000 replications
 * leave 95 % an error of 0.7. Values that are certain are held always. On latent parity, whose
 * values are few and discrete, 90 to 99 % are asked, elsewhere 93 to 97. Student's t is what the
 * engine gives, 1.96 stands beside it; as a band for the whole curve, which it is not, it must miss
 * the same limits at 64 examples.
 */
@Tag("slow")
class CoverageTest {
  private static final int REPLICATIONS = 1000;

  private static ExactLaw law(String name) {
    double[][] stay = {{0.8, 0.1, 0.1}, {0.1, 0.8, 0.1}, {0.1, 0.1, 0.8}};
    double[] even = {1 / 3.0, 1 / 3.0, 1 / 3.0};
    return switch (name) {
      case "markov" ->
          ExactLaw.markov(
              8,
              new double[] {0.5, 0.3, 0.2},
              new double[][] {{0.8, 0.1, 0.1}, {0.2, 0.7, 0.1}, {0.1, 0.2, 0.7}});
      case "hmm" -> ExactLaw.hiddenMarkov(6, even, stay, stay);
      case "potts" -> ExactLaw.potts(8, 3, 1.2);
      default -> ExactLaw.latentParity(3, 3);
    };
  }

  /** How often the intervals of one quantity held. */
  private static final class Tally {
    int all;
    int student;
    int gaussian;
    double widest;

    void add(double truth, Estimate estimate) {
      widest = Math.max(widest, estimate.standardError());
      double gap = Math.abs(estimate.mean() - truth);
      all++;
      student += gap <= estimate.halfWidth(0.95) + 1e-9 ? 1 : 0;
      gaussian += gap <= 1.96 * estimate.standardError() + 1e-9 ? 1 : 0;
    }

    double percent() {
      return 100.0 * student / all;
    }

    double gaussianPercent() {
      return 100.0 * gaussian / all;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "markov, 64, true",
    "markov, 256, true",
    "hmm, 64, true",
    "hmm, 256, true",
    "potts, 64, true",
    "potts, 256, true",
    "latent parity, 64, false",
    "latent parity, 256, false"
  })
  void nominalBandsHold(String name, int examples, boolean smooth, TestReporter reporter) {
    ExactLaw law = law(name);
    InformationCurve truth = law.curve().orElseThrow();
    Map<String, Tally> tallies = new LinkedHashMap<>();
    try (Denoiser oracle = new OracleDenoiser(law)) {
      for (int run = 0; run < REPLICATIONS; run++) {
        int first = run * examples;
        CurveStudy study =
            CurveStudy.of(
                oracle,
                IntStream.range(first, first + examples)
                    .mapToObj(i -> law.sample(11, i))
                    .iterator(),
                CurveNodes.all(law.length()),
                32,
                run);
        add(tallies, truth, study, run);
      }
    }
    StringBuilder line = new StringBuilder(name + ", " + examples + " examples:");
    tallies.forEach(
        (what, tally) ->
            line.append(
                String.format(
                    Locale.ROOT,
                    " %s %.1f (1.96: %.1f);",
                    what,
                    tally.percent(),
                    tally.gaussianPercent())));
    reporter.publishEntry("coverage", line.toString());
    System.getLogger("coverage").log(System.Logger.Level.INFO, line.toString());
    for (Map.Entry<String, Tally> entry : tallies.entrySet()) {
      double percent = entry.getValue().percent();
      if (entry.getValue().widest < 1e-9) {
        assertEquals(100, percent, entry.getKey() + " is certain: every example says the truth");
      } else {
        assertTrue(within(percent, smooth), entry.getKey() + " " + percent);
      }
    }
    double naive = tally(tallies, "band").gaussianPercent();
    assertTrue(examples > 64 || !within(naive, smooth), "1.96 errors as a band " + naive);
  }

  private static boolean within(double percent, boolean smooth) {
    return percent >= (smooth ? 93 : 90) && percent <= (smooth ? 97 : 99);
  }

  private static void add(
      Map<String, Tally> tallies, InformationCurve truth, CurveStudy study, int run) {
    CurveSample sample = study.crossEntropy();
    int d = truth.length();
    for (int j : new int[] {0, d / 2, d - 1}) {
      tally(tallies, "h(" + j + ")")
          .add(truth.at(j), sample.estimate((double[] curve) -> curve[j]));
    }
    for (Functional functional : Functional.values()) {
      tally(tallies, functional.label()).add(functional.of(truth), sample.estimate(functional));
    }
    CurvePlanner planner = CurvePlanner.of(study);
    for (int steps : List.of(2, 3)) {
      SizePlan sizes = planner.forSteps(steps);
      tally(tallies, "price of " + steps + " steps")
          .add(SamplingCost.conditionalKl(truth, sizes), planner.price(sizes).orElseThrow());
    }
    SizePlan plan =
        planner.forBudget(SamplingCost.conditionalKl(truth, SizePlan.balanced(d, 2)) / 2);
    tally(tallies, "price of the steps for a budget")
        .add(SamplingCost.conditionalKl(truth, plan), planner.price(plan).orElseThrow());
    InformationCurve curve = sample.curve();
    double band = sample.simultaneousBand(0.95, run);
    double[] errors = curve.standardErrors();
    double worst =
        IntStream.range(0, d)
            .mapToDouble(j -> Math.abs(curve.at(j) - truth.at(j)) / Math.max(1e-9, errors[j]))
            .max()
            .orElseThrow();
    Tally tally = tally(tallies, "band");
    tally.all++;
    tally.widest = 1;
    tally.student += worst <= band ? 1 : 0;
    tally.gaussian += worst <= 1.96 ? 1 : 0;
  }

  private static Tally tally(Map<String, Tally> tallies, String name) {
    return tallies.computeIfAbsent(name, n -> new Tally());
  }
}
