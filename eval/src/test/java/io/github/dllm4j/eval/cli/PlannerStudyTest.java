package io.github.dllm4j.eval.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.info.ConditionalCurve;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.ModelCurve;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The tables of docs/planner.md; each test prints one, in the columns of that page. */
@Tag("slow")
class PlannerStudyTest {
  private static final double[] BUDGETS = {0.1, 0.3, 1};
  private static final List<String> FAMILIES =
      List.of(
          "product:d=64,p=0.9",
          "markov:d=64,S=3,stay=0.8",
          "hmm:d=6",
          "hmm:d=32",
          "potts:d=64",
          "parity:k=3",
          "parity:k=32",
          "even-parity:d=64",
          "zero-sum:d=5",
          "reed-solomon:d=64,k=32,q=67",
          "dirac:d=64");

  private static void print(String format, Object... values) {
    System.getLogger("study")
        .log(System.Logger.Level.INFO, String.format(Locale.ROOT, format, values));
  }

  /**
   * Predicted against measured cost of each family's plans: at most one row in ten beyond two
   * standard errors (one in twenty is expected), none beyond five. Rows whose every measured
   * sequence costs nothing count for nothing.
   */
  @Test
  void theWordIsKeptOnKnownLaws() throws IOException {
    int rows = 0;
    int beyond = 0;
    for (String family : FAMILIES) {
      JsonNode check =
          Dllm.done("plan", "--distribution", family, "--blocks", "2000", "--check", "--json")
              .json()
              .get("check");
      for (JsonNode row : check.get("rows")) {
        double errors = row.get("difference_standard_errors").asDouble(0);
        boolean exact = check.get("method").asText().equals("enumeration");
        assertTrue(Math.abs(errors) < 5, family + row);
        rows += exact || errors != 0 ? 1 : 0;
        beyond += Math.abs(errors) > 2 ? 1 : 0;
        print(
            "| %s | %d | %.4f +- %.4f | %.4f +- %.4f | %.2f | %s |",
            family,
            row.get("steps").asInt(),
            row.get("predicted_kl_nats").asDouble(),
            row.get("predicted_kl_standard_error").asDouble(),
            row.get("measured_kl_nats").asDouble(),
            row.get("measured_kl_standard_error").asDouble(),
            errors,
            check.get("method").asText());
      }
    }
    print("%d of %d rows beyond two standard errors", beyond, rows);
    assertTrue(beyond <= rows / 10.0);
  }

  /** Evaluations for an error, by every rule, on laws whose curve is known. */
  @Test
  void stepsForAnErrorOnKnownLaws() throws IOException {
    for (String family :
        List.of(
            "markov:d=64,S=3,stay=0.8",
            "potts:d=64",
            "parity:k=32",
            "even-parity:d=64",
            "dirac:d=64")) {
      ExactLaw law = Distributions.of(family);
      CurvePlanner planner = CurvePlanner.of(law.curve().orElseThrow());
      List<int[]> words = IntStream.range(0, 200).mapToObj(i -> law.sample(1, i)).toList();
      try (Denoiser oracle = new OracleDenoiser(law)) {
        double[][] bound =
            entropyBound(
                oracle,
                words,
                words.stream().mapToDouble(law::logProbability).map(p -> -p).toArray());
        stepsForAnError(family, planner, law.symbols(), bound);
      }
    }
  }

  private static void stepsForAnError(
      String name, CurvePlanner planner, int symbols, double[][] bound) {
    int d = planner.curve().length();
    for (double budget : BUDGETS) {
      double span = d * Math.log(symbols);
      double horizon = Math.log(span / budget);
      print(
          "| %s | %.1f | %d | %s | %s | %s | %s | %s | %s |",
          name,
          budget,
          planner.forBudget(budget).steps(),
          fewest(planner, d, budget, d, n -> SizePlan.balanced(d, n)),
          fewest(planner, d, budget, d, n -> SizePlan.cosine(d, n)),
          fewest(planner, d, budget, 4096, n -> chances(TimeGrid.uniform(horizon, n))),
          fewest(
              planner,
              d,
              budget,
              4096,
              n -> chances(TimeGrid.exponentialThenConstant(horizon, budget / span, n))),
          fewest(
              planner,
              d,
              budget,
              4096,
              n -> chances(TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, n))),
          Arrays.stream(bound).filter(b -> b[1] <= budget).mapToDouble(b -> b[0]).min().stream()
              .mapToObj(b -> String.format(Locale.ROOT, "%.1f", b))
              .findFirst()
              .orElse("none"));
    }
  }

  private static RevealPlan chances(TimeGrid grid) {
    return ChancePlan.of(grid, TauLeaping.MODIFIED);
  }

  /** The expected network evaluations of the fewest steps within the budget. */
  private static String fewest(
      CurvePlanner planner, int d, double budget, int most, IntFunction<RevealPlan> plans) {
    int low = 1;
    int high = most;
    while (low < high) {
      int middle = (low + high) / 2;
      if (planner.cost(plans.apply(middle)).getAsDouble() <= budget) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    RevealPlan plan = plans.apply(low);
    return planner.cost(plan).getAsDouble() > budget
        ? "none"
        : String.format(
            Locale.ROOT, "%.1f (%d)", ((ScheduledPlan) plan).expectedEvaluations(d), low);
  }

  /**
   * Mean steps and cost of entropy-bound sampling for several gammas, by teacher forcing: its
   * places depend on revealed values only, so the mean of ln p(x) minus the log-probability of its
   * factors is KL(data || output) without bias.
   */
  private static double[][] entropyBound(Denoiser denoiser, List<int[]> words, double[] oneByOne) {
    double[] gammas = {0, 0.01, 0.1, 0.3, 0.7, 1.5, 3, 6, 12, 25};
    double[][] result = new double[gammas.length][];
    for (int g = 0; g < gammas.length; g++) {
      AdaptivePlan plan = AdaptivePlan.entropyBound(gammas[g]);
      double steps = 0;
      double cost = 0;
      for (int w = 0; w < words.size(); w++) {
        double[] run = entropyBound(denoiser, words.get(w), plan);
        steps += run[0] / words.size();
        cost += (run[1] - oneByOne[w]) / words.size();
      }
      result[g] = new double[] {steps, cost};
      print("entropy bound %.3f: %.1f steps, %.3f nats", gammas[g], steps, cost);
    }
    return result;
  }

  private static double[] entropyBound(Denoiser denoiser, int[] word, AdaptivePlan plan) {
    int mask = denoiser.mask().getAsInt();
    int[] tokens = new int[word.length];
    Arrays.fill(tokens, mask);
    double nats = 0;
    int step = 0;
    while (true) {
      int[] left = IntStream.range(0, word.length).filter(i -> tokens[i] == mask).toArray();
      if (left.length == 0) {
        return new double[] {step, nats};
      }
      double[] sigma = {-Math.log1p(-left.length / (double) word.length)};
      TokenBatch batch = TokenBatch.of(word.length, tokens.clone(), sigma);
      try (TokenLaws laws = denoiser.predict(batch, Rows.of(left))) {
        double[] logs = laws.logProbabilityOf(Arrays.stream(left).map(i -> word[i]).toArray());
        for (int row : plan.keep(step, left, plan.confidence().of(laws, new int[0]))) {
          nats -= logs[row];
          tokens[left[row]] = word[left[row]];
        }
      }
      step++;
    }
  }

  /** Blocks of held-out text that were not used for the bundled model's curve's own choice. */
  private static List<int[]> blocks(Model model, int count) throws IOException {
    BlockOptions options = new BlockOptions();
    options.part = "validation";
    List<int[]> blocks = new ArrayList<>();
    try (Corpus corpus = Corpora.bundled();
        TokenFile tokens = TokenFile.of(options.of(corpus), model.tokenizer())) {
      options.most = java.util.Optional.of(count);
      options.of(tokens, model.config().network().length(), count).forEachRemaining(blocks::add);
    }
    return blocks;
  }

  /** Evaluations for an error on the bundled model, from the curves that come with it. */
  @Test
  void stepsForAnErrorOfTheBundledModel() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT)) {
      List<int[]> words = blocks(model, 6);
      int d = model.config().network().length();
      double[] oneByOne = new double[words.size()];
      for (int w = 0; w < oneByOne.length; w++) {
        // The model's likelihood along one random order.
        oneByOne[w] =
            -TeacherForcing.costs(
                    model.denoiser(), words.get(w), List.of(SizePlan.balanced(d, 1)), w, 32, 1)[0]
                + oneStep(model.denoiser(), words.get(w));
      }
      double[][] bound = entropyBound(model.denoiser(), words, oneByOne);
      CurvePlanner planner = CurvePlanner.of(model.information().orElseThrow());
      stepsForAnError("bundled", planner, model.denoiser().vocabulary() - 1, bound);
    }
  }

  private static double oneStep(Denoiser denoiser, int[] word) {
    int[] tokens = new int[word.length];
    Arrays.fill(tokens, denoiser.mask().getAsInt());
    TokenBatch batch = TokenBatch.of(word.length, tokens, new double[] {Double.POSITIVE_INFINITY});
    try (TokenLaws laws = denoiser.predict(batch, Rows.all(batch))) {
      return -Arrays.stream(laws.logProbabilityOf(word)).sum();
    }
  }

  /**
   * Given text, plans of the canvas's own curve against the unconditional curve from where as many
   * tokens are known, both priced on the curve of the held-out block itself.
   */
  @Test
  void plansOfGivenText() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT)) {
      Denoiser denoiser = model.denoiser();
      List<int[]> words = blocks(model, 24);
      double[] whole = CurvePlanner.of(model.information().orElseThrow()).curve().values();
      for (int known : new int[] {8, 96}) {
        for (boolean scattered : new boolean[] {false, true}) {
          int holes = whole.length - known;
          StepPlanner shifted =
              new StepPlanner(
                  InformationCurve.exact(Arrays.copyOfRange(whole, known, whole.length)));
          int[] steps = {2, 4, 8, 16};
          double[][] own = new double[steps.length][words.size()];
          double[][] other = new double[steps.length][words.size()];
          double[][] balanced = new double[steps.length][words.size()];
          for (int w = 0; w < words.size(); w++) {
            int[] given = given(whole.length, known, scattered, w);
            int[] canvas = words.get(w).clone();
            Arrays.fill(canvas, denoiser.mask().getAsInt());
            for (int i : given) {
              canvas[i] = words.get(w)[i];
            }
            Canvas holed = Canvas.of(canvas, denoiser.mask().getAsInt());
            CurvePlanner planner =
                CurvePlanner.of(
                    ConditionalCurve.of(denoiser, holed, CurveNodes.spread(holes, 8), 4, 0));
            CurveNodes nodes = CurveNodes.spread(holes, 17);
            double[] values =
                ModelCurve.of(denoiser, words.get(w), holed.holes(), nodes, w, 32, 3)
                    .crossEntropy();
            InformationCurve pricing = InformationCurve.exact(nodes.interpolate(values));
            for (int s = 0; s < steps.length; s++) {
              own[s][w] = SamplingCost.conditionalKl(pricing, planner.steps().forSteps(steps[s]));
              other[s][w] = SamplingCost.conditionalKl(pricing, shifted.forSteps(steps[s]));
              balanced[s][w] =
                  SamplingCost.conditionalKl(pricing, SizePlan.balanced(holes, steps[s]));
            }
          }
          for (int s = 0; s < steps.length; s++) {
            int at = s;
            Estimate gain =
                Estimate.of(
                    IntStream.range(0, words.size())
                        .mapToDouble(w -> other[at][w] - own[at][w])
                        .toArray());
            print(
                "| %d %s | %d | %.3f | %.3f | %.3f | %.3f +- %.3f |",
                known,
                scattered ? "scattered" : "at the start",
                steps[s],
                Estimate.of(own[s]).mean(),
                Estimate.of(other[s]).mean(),
                Estimate.of(balanced[s]).mean(),
                gain.mean(),
                gain.standardError());
          }
        }
      }
    }
  }

  private static int[] given(int length, int known, boolean scattered, int word) {
    return scattered
        ? KeyedRandom.choose(length, known, 4, word, 0, Purpose.OTHER)
        : IntStream.range(0, known).toArray();
  }
}
