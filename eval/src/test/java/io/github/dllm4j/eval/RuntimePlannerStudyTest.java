package io.github.dllm4j.eval;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.corpora.Corpora;
import io.github.dllm4j.corpora.Corpus;
import io.github.dllm4j.corpora.Split;
import io.github.dllm4j.corpora.TokenBlocks;
import io.github.dllm4j.corpora.TokenFile;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.djl.Model;
import io.github.dllm4j.engine.djl.ModelOptions;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.DependenceProbe;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.info.StepPlanner;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactLaw.TreeEdge;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.DependenceKernel;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of docs/runtime-planner.md: the dependence bound against the entropy bound and random
 * places at equal mean evaluations. Of each rule the gamma of the least KL within the budget
 * counts.
 */
@Tag("slow")
class RuntimePlannerStudyTest {
  private static final Logger LOG = LoggerFactory.getLogger(RuntimePlannerStudyTest.class);
  private static final double[][] CHAIN = {{0.8, 0.15, 0.05}, {0.1, 0.7, 0.2}, {0.25, 0.25, 0.5}};
  private static final double[] START = {0.5, 0.3, 0.2};
  private static final double[][] HIDDEN = {{0.9, 0.1}, {0.2, 0.8}};
  private static final double[] GAMMAS = {
    0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.4, 2, 3, 4, 6, 9, 14, 20,
    30, 45
  };

  /** A rule at one gamma. */
  private record Point(double gamma, double evaluations, Estimate nats) {}

  private static ExactLaw hidden(int length) {
    double[][] emission = {{0.7, 0.2, 0.1}, {0.1, 0.3, 0.6}};
    return ExactLaw.hiddenMarkov(length, new double[] {0.6, 0.4}, HIDDEN, emission);
  }

  private static ExactLaw tree() {
    double[][] fields = {{1, 1}, {1, 1.3}, {0.8, 1}, {1, 1}, {1.1, 0.9}, {1, 1.5}, {1, 0.7}};
    double[][] potential = {{3, 1}, {1, 4}};
    List<TreeEdge> edges =
        IntStream.range(1, 7).mapToObj(i -> new TreeEdge((i - 1) / 2, i, potential)).toList();
    return ExactLaw.tree(fields, edges);
  }

  private static DependenceKernel kernel(ExactLaw law) {
    Canvas blank = Canvas.blank(law.length(), law.symbols());
    return DependenceProbe.ofSamples(new OracleDenoiser(law), blank, 256, 0);
  }

  private static String best(List<Point> points, double budget) {
    return points.stream()
        .filter(p -> p.evaluations() <= budget + 1e-9)
        .min((a, b) -> Double.compare(a.nats().mean(), b.nats().mean()))
        .map(
            p ->
                String.format(
                    Locale.ROOT,
                    p.nats().standardError() > 0 ? "%.4f ± %.4f (%.1f; %s)" : "%.4f%.0s (%.1f; %s)",
                    p.nats().mean(),
                    p.nats().standardError(),
                    p.evaluations(),
                    p.gamma()))
        .orElse("-");
  }

  @Test
  void smallLawsExactly() {
    Map<String, ExactLaw> laws = new LinkedHashMap<>();
    laws.put("Markov d=6 S=3", ExactLaw.markov(6, START, CHAIN));
    laws.put("hidden Markov d=6 S=3", hidden(6));
    laws.put("Potts d=6 q=3 J=1.2", ExactLaw.potts(6, 3, 1.2));
    laws.put("tree d=7 S=2", tree());
    laws.put("latent parity 3+3", ExactLaw.latentParity(3, 3));
    laws.forEach(
        (name, law) -> {
          ExactSampling exact =
              new ExactSampling(
                  new OracleDenoiser(law), Canvas.blank(law.length(), law.symbols()), 1, 1);
          DependenceKernel kernel = kernel(law);
          List<Point> entropy = exact(exact, law, AdaptivePlan::entropyBound);
          List<Point> dependence =
              exact(exact, law, gamma -> AdaptivePlan.dependenceBound(gamma, kernel));
          for (int budget = 2; budget <= 4; budget++) {
            SizePlan optimal = new StepPlanner(law.curve().orElseThrow()).forSteps(budget);
            double random = Divergence.kl(law.table(), exact.outputLaw(optimal));
            LOG.info(
                "| {} | {} | {} | {} | {} |",
                name,
                budget,
                String.format(Locale.ROOT, "%.4f", random),
                best(entropy, budget),
                best(dependence, budget));
          }
        });
  }

  private static List<Point> exact(
      ExactSampling exact, ExactLaw law, DoubleFunction<RevealPlan> rule) {
    return Arrays.stream(GAMMAS)
        .mapToObj(
            gamma -> {
              ExactSampling.Output output = exact.run(rule.apply(gamma));
              double kl = Divergence.kl(law.table(), output.law());
              return new Point(gamma, output.expectedEvaluations(), new Estimate(kl, 0, 1));
            })
        .toList();
  }

  @Test
  void largeLawsByTeacherForcing() {
    Map<String, ExactLaw> laws = new LinkedHashMap<>();
    laws.put("Markov d=32 S=3", ExactLaw.markov(32, START, CHAIN));
    laws.put("Potts d=64 q=4 J=2", ExactLaw.potts(64, 4, 2));
    laws.put("hidden Markov d=32 S=3", hidden(32));
    laws.put("latent parity 16+16", ExactLaw.latentParity(16, 16));
    laws.forEach(
        (name, law) -> {
          List<int[]> words = IntStream.range(0, 200).mapToObj(s -> law.sample(5, s)).toList();
          double[] given = words.stream().mapToDouble(law::logProbability).toArray();
          OracleDenoiser oracle = new OracleDenoiser(law);
          DependenceKernel kernel = kernel(law);
          List<Point> entropy = new ArrayList<>();
          List<Point> dependence = new ArrayList<>();
          for (double gamma : GAMMAS) {
            entropy.add(forced(oracle, AdaptivePlan.entropyBound(gamma), gamma, words, given));
            RevealPlan plan = AdaptivePlan.dependenceBound(gamma, kernel);
            dependence.add(forced(oracle, plan, gamma, words, given));
          }
          for (int budget : new int[] {4, 6, 8, 12, 16}) {
            String random =
                law.curve()
                    .map(c -> SamplingCost.conditionalKl(c, new StepPlanner(c).forSteps(budget)))
                    .map(kl -> String.format(Locale.ROOT, "%.4f", kl))
                    .orElseGet(
                        () ->
                            best(
                                List.of(
                                    forced(
                                        oracle,
                                        SizePlan.balanced(law.length(), budget),
                                        Double.NaN,
                                        words,
                                        given)),
                                budget));
            LOG.info(
                "| {} | {} | {} | {} | {} |",
                name,
                budget,
                random,
                best(entropy, budget),
                best(dependence, budget));
          }
        });
  }

  /** The mean of ln p(x) - ln q(x) where {@code given} holds ln p(x). */
  private static Point forced(
      Denoiser denoiser, RevealPlan plan, double gamma, List<int[]> words, double[] given) {
    double[] nats = new double[words.size()];
    double evaluations = 0;
    for (int s = 0; s < nats.length; s++) {
      TeacherForcing.Cost cost = TeacherForcing.of(denoiser, plan, words.get(s), s);
      nats[s] = given[s] + cost.nats();
      evaluations += (double) cost.evaluations() / nats.length;
    }
    return new Point(gamma, evaluations, Estimate.of(nats));
  }

  @Test
  void bundledModelOnHeldOutText() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT);
        Corpus corpus = Corpora.bundled();
        TokenFile tokens =
            TokenFile.of(
                Split.of(corpus, Split.DEFAULT_FRACTION).validation(), model.tokenizer())) {
      int length = model.config().network().length();
      TokenBlocks blocks = new TokenBlocks(tokens, length, false);
      List<int[]> words =
          IntStream.range(0, 12).mapToObj(i -> blocks.block(i * blocks.count() / 12)).toList();
      Denoiser denoiser = model.denoiser();
      Canvas blank = Canvas.blank(length, model.config().mask());
      DependenceKernel kernel = DependenceProbe.ofSamples(denoiser, blank, 8, 0);
      LOG.info("{}", kernel);
      CurvePlanner planner = CurvePlanner.of(model.information().orElseThrow());
      Map<String, RevealPlan> plans = new LinkedHashMap<>();
      for (int steps : new int[] {8, 16, 32}) {
        plans.put("optimal sizes, random places, " + steps, planner.forSteps(steps));
      }
      for (double gamma : new double[] {28, 45, 70}) {
        plans.put("entropy bound " + gamma, AdaptivePlan.entropyBound(gamma));
      }
      for (double gamma : new double[] {0.2, 0.5, 1, 2, 4}) {
        plans.put("dependence bound " + gamma, AdaptivePlan.dependenceBound(gamma, kernel));
      }
      double[] reference = {};
      double entropy = 0;
      double dependence = 0;
      for (Map.Entry<String, RevealPlan> plan : plans.entrySet()) {
        double[] nats = new double[words.size()];
        double evaluations = 0;
        for (int s = 0; s < nats.length; s++) {
          TeacherForcing.Cost cost = TeacherForcing.of(denoiser, plan.getValue(), words.get(s), s);
          nats[s] = cost.nats();
          evaluations += (double) cost.evaluations() / nats.length;
        }
        reference = reference.length == 0 ? nats : reference;
        double[] base = reference;
        Estimate mean = Estimate.of(nats);
        Estimate more =
            Estimate.of(
                IntStream.range(0, nats.length).mapToDouble(s -> nats[s] - base[s]).toArray());
        LOG.info(
            "{}",
            String.format(
                Locale.ROOT,
                "| %s | %.1f | %.1f | %+.1f ± %.1f |",
                plan.getKey(),
                evaluations,
                mean.mean(),
                more.mean(),
                more.standardError()));
        entropy = plan.getKey().equals("entropy bound 45.0") ? mean.mean() : entropy;
        dependence = plan.getKey().equals("dependence bound 1.0") ? mean.mean() : dependence;
      }
      assertTrue(dependence < entropy, dependence + " nats, entropy bound " + entropy);
    }
  }
}
