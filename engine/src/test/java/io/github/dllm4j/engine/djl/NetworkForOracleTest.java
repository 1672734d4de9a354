package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.loss.MaskedCrossEntropy;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.ScheduledPlan;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.TokenData;
import io.github.dllm4j.engine.train.TrainingConfig;
import io.github.dllm4j.engine.train.TrainingListener;
import io.github.dllm4j.engine.train.Update;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * A trained network in place of the oracle (spec section 4, K4): with h_theta(j) its cross-entropy
 * curve,
 *
 * <pre>
 * conditional KL = conditional KL of the oracle + eps_train
 * eps_train      = sum_k s_k (h_theta(N_k) - h(N_k))   sizes
 *                = sum_k w_k (G_theta(W_k) - G(W_k))   chances
 * </pre>
 *
 * <p>with equality, whatever the network. The source is a Markov chain of 4 tokens over 3 symbols;
 * the left side enumerates the ordered reveal sets of the production plan, the right one adds up
 * production cross-entropies over all masks.
 */
class NetworkForOracleTest {
  private static final int SYMBOLS = 3;
  private static final int LENGTH = 4;

  @TempDir Path directory;

  private static final double[][] TRANSITION = {{0.7, 0.2, 0.1}, {0.1, 0.7, 0.2}, {0.2, 0.1, 0.7}};

  /** Stationary, so that every four tokens of the chain have this law. */
  private static ExactLaw law() {
    double[] uniform = {1 / 3.0, 1 / 3.0, 1 / 3.0};
    return ExactLaw.markov(LENGTH, uniform, TRANSITION);
  }

  private static TokenData chain(int size, long seed) {
    Random random = new Random(seed);
    int[] tokens = new int[size];
    for (int i = 1; i < size; i++) {
      double u = random.nextDouble();
      double[] row = TRANSITION[tokens[i - 1]];
      tokens[i] = u < row[0] ? 0 : u < row[0] + row[1] ? 1 : 2;
    }
    return TokenData.of(tokens);
  }

  private static int[] word(int index) {
    int[] word = new int[LENGTH];
    for (int i = LENGTH - 1, rest = index; i >= 0; i--, rest /= SYMBOLS) {
      word[i] = rest % SYMBOLS;
    }
    return word;
  }

  /** h_theta(j): mean over words and masks of the cross-entropy per masked token, nats. */
  private static double[] crossEntropies(Denoiser denoiser) {
    double[] table = law().table();
    double[] h = new double[LENGTH];
    int[] masks = new int[LENGTH];
    for (int pattern = 1; pattern < 1 << LENGTH; pattern++) {
      int set = pattern;
      int[] masked = IntStream.range(0, LENGTH).filter(i -> (set >> i & 1) == 1).toArray();
      int known = LENGTH - masked.length;
      masks[known]++;
      for (int x = 0; x < table.length; x++) {
        h[known] += table[x] * MaskedCrossEntropy.nats(denoiser, word(x), masked) / masked.length;
      }
    }
    Arrays.setAll(h, j -> h[j] / masks[j]);
    return h;
  }

  /** E G(p) / d over a binomial number of the other tokens. */
  private static double mixed(double[] h, double p) {
    double sum = 0;
    double ways = 1;
    for (int j = 0; j < LENGTH; j++) {
      sum += ways * Math.pow(p, j) * Math.pow(1 - p, LENGTH - 1 - j) * h[j];
      ways *= (LENGTH - 1.0 - j) / (j + 1);
    }
    return sum;
  }

  private static double excess(ScheduledPlan plan, double[] model, double[] exact) {
    double excess = 0;
    double done = 0;
    if (plan instanceof SizePlan sizes) {
      for (int size : sizes.sizes()) {
        excess += size * (model[(int) done] - exact[(int) done]);
        done += size;
      }
    } else {
      for (double weight : ((ChancePlan) plan).weights()) {
        excess += LENGTH * weight * (mixed(model, done) - mixed(exact, done));
        done += weight;
      }
    }
    return excess;
  }

  private static double oracleCost(InformationCurve curve, ScheduledPlan plan) {
    return plan instanceof SizePlan sizes
        ? SamplingCost.conditionalKl(curve, sizes)
        : SamplingCost.conditionalKl(curve, (ChancePlan) plan);
  }

  private static List<ScheduledPlan> plans() {
    List<ScheduledPlan> plans = new ArrayList<>();
    for (int steps = 1; steps <= LENGTH; steps++) {
      plans.add(SizePlan.balanced(LENGTH, steps));
    }
    plans.add(SizePlan.of(1, 3));
    plans.add(ChancePlan.of(TimeGrid.uniform(8, 4), TauLeaping.MODIFIED));
    plans.add(ChancePlan.of(TimeGrid.uniform(8, 4), TauLeaping.TRUNCATED));
    plans.add(ChancePlan.of(TimeGrid.exponentialThenConstant(8, 0.02, 6), TauLeaping.EULER));
    plans.add(
        ChancePlan.of(
            TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 3), TauLeaping.POISSON_REJECT));
    return plans;
  }

  private Denoiser trained(int steps) throws IOException {
    PyTorch.setThreads(1);
    TrainingConfig config =
        new TrainingConfig(
            Objective.ELBO, 0, steps, 32, 1, Update.ADAMW, 4e-3, 5, 0.01, 1, 0, 0.9, steps, 1);
    NetworkShape shape = new NetworkShape(SYMBOLS + 1, 16, 2, 2, LENGTH, 0, false);
    TrainingRun run =
        new TrainingRun(
            directory,
            shape,
            SYMBOLS,
            config,
            Precision.FP32,
            WeightType.FP32,
            "cpu",
            50,
            "",
            "",
            "");
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(chain(80_000, 2), chain(800, 3), new TrainingListener() {});
    }
    return TransformerDenoiser.owning(
        Network.read(PyTorch.newManager("cpu"), shape, directory.resolve("model.safetensors"), ""),
        Precision.FP32,
        SYMBOLS,
        Representation.DENOISER);
  }

  @Test
  void theKlIsThatOfTheOraclePlusTheTrainingError(TestReporter reporter) throws IOException {
    ExactLaw law = law();
    InformationCurve curve = law.curve().orElseThrow();
    double[] data = law.table();
    Canvas canvas = Canvas.blank(LENGTH, SYMBOLS);
    try (Denoiser network = trained(250)) {
      // As a fixed table: float32 sums differ in their last digits from batch to batch.
      Denoiser frozen = new RememberedDenoiser(network);
      double[] model = crossEntropies(frozen);
      ExactSampling exact = new ExactSampling(frozen, canvas, 1, 1);
      ExactSampling oracle = new ExactSampling(new OracleDenoiser(law), canvas, 1, 1);
      for (ScheduledPlan plan : plans()) {
        double cost = oracleCost(curve, plan);
        assertEquals(cost, oracle.conditionalKl(plan, data), 1e-12, plan.toString());
        double excess = excess(plan, model, curve.values());
        double conditional = exact.conditionalKl(plan, data);
        double marginal = Divergence.kl(data, exact.outputLaw(plan));
        Golden.say(
            reporter,
            "network for oracle, " + plan,
            String.format(
                Locale.ROOT,
                "conditional KL %.6f = oracle %.6f + eps_train %.6f (off by %.0e), marginal %.6f",
                conditional,
                cost,
                excess,
                conditional - cost - excess,
                marginal));
        assertEquals(cost + excess, conditional, 1e-9, plan.toString());
        assertTrue(excess >= 0, plan.toString());
        assertTrue(marginal <= conditional + 1e-12, plan.toString());
        // The broken twin: leaving the training error out is seen.
        assertTrue(Math.abs(conditional - cost) > 1e-6, plan.toString());
      }
      // It has learned: a network that sees no context pays the whole total correlation.
      double learned = excess(SizePlan.firstHitting(LENGTH), model, curve.values());
      assertTrue(learned < curve.totalCorrelation() / 2, "eps_train " + learned);
      // As it is, without the table, the identity holds to the precision of float32.
      ScheduledPlan plan = SizePlan.balanced(LENGTH, 2);
      double direct = new ExactSampling(network, canvas, 1, 1).conditionalKl(plan, data);
      assertEquals(exact.conditionalKl(plan, data), direct, 1e-5);
    }
  }
}
