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
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.ModelCurve;
import io.github.dllm4j.engine.info.SamplingCost;
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
      StringBuilder others = new StringBuilder();
      for (TauLeaping sampler :
          List.of(
              TauLeaping.MODIFIED,
              TauLeaping.TRUNCATED,
              TauLeaping.POISSON_REJECT,
              TauLeaping.EULER)) {
        others.append(
            String.format(
                Locale.ROOT,
                " %s | %s |",
                fewest(
                    planner,
                    d,
                    budget,
                    4096,
                    n ->
                        ChancePlan.of(
                            TimeGrid.exponentialThenConstant(horizon, budget / span, n), sampler)),
                fewest(
                    planner,
                    d,
                    budget,
                    4096,
                    n ->
                        ChancePlan.of(
                            TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, n), sampler))));
      }
      print("by sampler: | %s | %.1f |%s", name, budget, others);
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
      CurvePlanner planner = CurvePlanner.of(model.information().orElseThrow());
      stepsForAnError("bundled", planner, model.denoiser().vocabulary() - 1, new double[0][]);
    }
  }

  /** The entropy bound's mean steps and cost on the bundled model: many evaluations. */
  @Test
  void theEntropyBoundOnTheBundledModel() throws IOException {
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
      assertTrue(entropyBound(model.denoiser(), words, oneByOne).length > 0);
    }
  }

  /**
   * The planner's choice on the bundled model's curves against fixed sizes, by tenfold
   * cross-validation: each tenth pays for what a planner on the other nine chooses, and for the
   * fixed sizes. At no number of steps is the choice dearer by more than two standard errors of the
   * paired difference.
   */
  @Test
  void theChoiceIsNotWorseThanFixedSizes() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT)) {
      CurveStudy study = model.information().orElseThrow();
      CurveNodes nodes = study.crossEntropy().nodes();
      List<double[]> paying = study.crossEntropy().values();
      int folds = 10;
      List<CurvePlanner> planners =
          IntStream.range(0, folds)
              .mapToObj(f -> CurvePlanner.of(without(study, f, folds)))
              .toList();
      int d = nodes.length();
      for (int steps : new int[] {2, 4, 8, 12, 16, 24, 32, 48, 64, 80, 96, 112}) {
        double[][] costs = new double[4][paying.size()];
        for (int e = 0; e < paying.size(); e++) {
          InformationCurve curve = InformationCurve.exact(nodes.interpolate(paying.get(e)));
          SizePlan[] plans = {
            planners.get(e % folds).forSteps(steps),
            SizePlan.balanced(d, steps),
            SizePlan.cosine(d, steps),
            SizePlan.geometric(d, steps, 0.9)
          };
          for (int p = 0; p < plans.length; p++) {
            costs[p][e] = SamplingCost.conditionalKl(curve, plans[p]);
          }
        }
        StringBuilder line = new StringBuilder();
        for (int p = 1; p < costs.length; p++) {
          Estimate saved = difference(costs[p], costs[0]);
          line.append(
              String.format(
                  Locale.ROOT,
                  " %.3f | %.3f +- %.3f |",
                  Estimate.of(costs[p]).mean(),
                  saved.mean(),
                  saved.standardError()));
          assertTrue(saved.mean() > -2 * saved.standardError() - 1e-9, steps + " steps, " + p);
        }
        print("| %d | %.3f |%s", steps, Estimate.of(costs[0]).mean(), line);
      }
    }
  }

  private static Estimate difference(double[] one, double[] other) {
    return Estimate.of(
        IntStream.range(0, one.length).mapToDouble(e -> one[e] - other[e]).toArray());
  }

  private static CurveStudy without(CurveStudy study, int fold, int folds) {
    return new CurveStudy(
        without(study.crossEntropy(), fold, folds), without(study.entropy(), fold, folds), 0);
  }

  private static CurveSample without(CurveSample sample, int fold, int folds) {
    List<double[]> values = sample.values();
    return CurveSample.of(
        sample.source(),
        sample.nodes(),
        IntStream.range(0, values.size())
            .filter(e -> e % folds != fold)
            .mapToObj(values::get)
            .toList());
  }

  /**
   * Seconds of one network evaluation of one sequence, with the head on every row and on an eighth:
   * what evaluations are to be multiplied with. Depends on what else the machine does.
   */
  @Test
  void secondsOfAnEvaluation() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT)) {
      int[] word = blocks(model, 1).get(0);
      int d = word.length;
      int[] tokens = new int[d];
      Arrays.fill(tokens, model.config().mask());
      for (int rows : new int[] {d, d / 8}) {
        double[] seconds = new double[30];
        for (int i = -5; i < seconds.length; i++) {
          long begin = System.nanoTime();
          TokenBatch batch = TokenBatch.of(d, tokens, new double[] {1});
          try (TokenLaws laws =
              model.denoiser().predict(batch, Rows.of(IntStream.range(0, rows).toArray()))) {
            assertTrue(laws.argmax().length == rows);
          }
          if (i >= 0) {
            seconds[i] = (System.nanoTime() - begin) * 1e-9;
          }
        }
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        Estimate mean = Estimate.of(seconds);
        print(
            "%d rows: %.4f +- %.4f s, median %.4f, %.4f to %.4f",
            rows, mean.mean(), mean.standardError(), sorted[15], sorted[0], sorted[29]);
      }
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
   * Given text, plans of the canvas's own curve, as {@code generate} measures it, against those of
   * the unconditional curve from where as many tokens are known. Both are priced on the curve of
   * the held-out block itself, which neither has seen: by its log-losses, and by the model's
   * entropies there, which vary less.
   */
  @Test
  void plansOfGivenText() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT)) {
      int mask = model.config().mask();
      List<int[]> words = blocks(model, GIVEN_BLOCKS);
      double[] whole = CurvePlanner.of(model.information().orElseThrow()).curve().values();
      for (int known : new int[] {8, 96}) {
        CurvePlanner shifted =
            CurvePlanner.of(InformationCurve.exact(Arrays.copyOfRange(whole, known, whole.length)));
        for (boolean scattered : new boolean[] {false, true}) {
          List<GivenText> canvases = new ArrayList<>();
          for (int w = 0; w < words.size(); w++) {
            int[] tokens = words.get(w).clone();
            Arrays.fill(tokens, mask);
            for (int i : given(whole.length, known, scattered, w)) {
              tokens[i] = words.get(w)[i];
            }
            canvases.add(
                GivenText.of(model, Canvas.of(tokens, mask), words.get(w), w, shifted.curve()));
          }
          String name = known + (scattered ? " scattered" : " at the start");
          for (int steps : new int[] {4, 8, 16}) {
            sizes(name, steps, canvases, shifted);
          }
          for (double budget : new double[] {1, 3}) {
            budgets(name, budget, canvases, shifted);
          }
        }
      }
    }
  }

  private static final int GIVEN_BLOCKS = 6;

  /** A canvas with a planner of its own and the curves of the block that it hides. */
  private record GivenText(
      CurvePlanner planner, InformationCurve losses, InformationCurve entropies) {
    static GivenText of(Model model, Canvas canvas, int[] word, int index, InformationCurve prior) {
      int holes = canvas.holeCount();
      CurveSample own =
          ConditionalCurve.of(model.denoiser(), canvas, CurveNodes.even(holes, 8), 8, 0);
      CurveNodes nodes = CurveNodes.spread(holes, 9);
      ModelCurve curve = ModelCurve.of(model.denoiser(), word, canvas.holes(), nodes, index, 32, 3);
      return new GivenText(
          CurvePlanner.of(own, prior),
          InformationCurve.exact(nodes.interpolate(curve.crossEntropy())),
          InformationCurve.exact(nodes.interpolate(curve.entropy())));
    }
  }

  /** Costs at equal steps. */
  private static void sizes(
      String name, int steps, List<GivenText> canvases, CurvePlanner shifted) {
    StringBuilder line = new StringBuilder();
    for (boolean losses : new boolean[] {true, false}) {
      double[][] costs = new double[3][canvases.size()];
      for (int c = 0; c < canvases.size(); c++) {
        GivenText canvas = canvases.get(c);
        InformationCurve curve = losses ? canvas.losses() : canvas.entropies();
        costs[0][c] = SamplingCost.conditionalKl(curve, canvas.planner().forSteps(steps));
        costs[1][c] = SamplingCost.conditionalKl(curve, shifted.forSteps(steps));
        costs[2][c] = SamplingCost.conditionalKl(curve, SizePlan.balanced(curve.length(), steps));
      }
      Estimate saved = difference(costs[1], costs[0]);
      Estimate even = difference(costs[2], costs[0]);
      line.append(
          String.format(
              Locale.ROOT,
              " %.2f | %.2f | %.2f +- %.2f | %.2f +- %.2f |",
              Estimate.of(costs[0]).mean(),
              Estimate.of(costs[1]).mean(),
              saved.mean(),
              saved.standardError(),
              even.mean(),
              even.standardError()));
    }
    print("| %s | %d |%s", name, steps, line);
  }

  /** What the plans that promise to keep a budget really cost. */
  private static void budgets(
      String name, double budget, List<GivenText> canvases, CurvePlanner shifted) {
    SizePlan plan = shifted.forBudget(budget);
    double[] steps = new double[canvases.size()];
    double[][] costs = new double[4][canvases.size()];
    double[] nearer = new double[canvases.size()];
    for (int c = 0; c < steps.length; c++) {
      GivenText canvas = canvases.get(c);
      SizePlan own = canvas.planner().forBudget(budget);
      steps[c] = own.steps();
      costs[0][c] = SamplingCost.conditionalKl(canvas.losses(), own);
      costs[1][c] = SamplingCost.conditionalKl(canvas.losses(), plan);
      costs[2][c] = SamplingCost.conditionalKl(canvas.entropies(), own);
      costs[3][c] = SamplingCost.conditionalKl(canvas.entropies(), plan);
      nearer[c] = Math.abs(costs[3][c] - budget) - Math.abs(costs[2][c] - budget);
    }
    StringBuilder line = new StringBuilder();
    for (double[] cost : costs) {
      Estimate mean = Estimate.of(cost);
      line.append(String.format(Locale.ROOT, " %.2f +- %.2f |", mean.mean(), mean.standardError()));
    }
    Estimate gain = Estimate.of(nearer);
    print(
        "| %s | %.0f | %.1f | %d |%s %.2f +- %.2f |",
        name,
        budget,
        Estimate.of(steps).mean(),
        plan.steps(),
        line,
        gain.mean(),
        gain.standardError());
  }

  private static int[] given(int length, int known, boolean scattered, int word) {
    return scattered
        ? KeyedRandom.choose(length, known, 4, word, 0, Purpose.OTHER)
        : IntStream.range(0, known).toArray();
  }
}
