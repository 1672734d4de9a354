package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.info.Estimate;
import io.github.dllm4j.engine.loss.LikelihoodBound;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Learning a source of known entropy: a stationary Markov chain of 8 symbols, read in blocks of d.
 *
 * <p>Scale of nats per token, all exact: H(X_0..X_{d-1})/d, which no model beats; the best model
 * that looks at one side only; the entropy of one token, which ignores the context. The model's
 * bound is measured on fresh blocks as the difference to the oracle's on the same masks, whose mean
 * is H/d: the noise that both share is gone.
 */
class LearningTest {
  static final int SYMBOLS = 8;
  static final int LENGTH = 8;

  @TempDir Path directory;

  /** From each symbol 0.7 to the next, 0.2 two on, the rest anywhere; uniform in the long run. */
  private static double[][] transition() {
    double[][] p = new double[SYMBOLS][SYMBOLS];
    for (int a = 0; a < SYMBOLS; a++) {
      Arrays.fill(p[a], 0.1 / SYMBOLS);
      p[a][(a + 1) % SYMBOLS] += 0.7;
      p[a][(a + 2) % SYMBOLS] += 0.2;
    }
    return p;
  }

  static ExactLaw law() {
    double[] uniform = new double[SYMBOLS];
    Arrays.fill(uniform, 1.0 / SYMBOLS);
    return ExactLaw.markov(LENGTH, uniform, transition());
  }

  static TokenData chain(int size, long seed) {
    Random random = new Random(seed);
    double[][] p = transition();
    int[] tokens = new int[size];
    tokens[0] = random.nextInt(SYMBOLS);
    for (int i = 1; i < size; i++) {
      double u = random.nextDouble();
      int next = 0;
      while (next < SYMBOLS - 1 && u >= p[tokens[i - 1]][next]) {
        u -= p[tokens[i - 1]][next++];
      }
      tokens[i] = next;
    }
    return TokenData.of(tokens);
  }

  /**
   * Nats per token of the best model that sees only the nearest revealed token before a hidden one:
   * with the revealed fraction uniform, that token is a places back with probability 1/(a(a+1)),
   * and missing with 1/(i+1).
   */
  private static double oneSided() {
    double[][] power = new double[SYMBOLS][SYMBOLS];
    for (int a = 0; a < SYMBOLS; a++) {
      power[a][a] = 1;
    }
    double[] entropy = new double[LENGTH]; // H(X_i | X_{i-a}), the same row entropy for every row
    for (int a = 1; a < LENGTH; a++) {
      double[][] next = new double[SYMBOLS][SYMBOLS];
      for (int x = 0; x < SYMBOLS; x++) {
        for (int y = 0; y < SYMBOLS; y++) {
          for (int z = 0; z < SYMBOLS; z++) {
            next[x][z] += power[x][y] * transition()[y][z];
          }
        }
      }
      power = next;
      for (double q : power[0]) {
        entropy[a] -= q * Math.log(q);
      }
    }
    double sum = 0;
    for (int i = 0; i < LENGTH; i++) {
      sum += Math.log(SYMBOLS) / (i + 1);
      for (int a = 1; a <= i; a++) {
        sum += entropy[a] / (a * (a + 1.0));
      }
    }
    return sum / LENGTH;
  }

  /** Trains, and returns the model's bound minus the oracle's over 600 fresh blocks, in nats. */
  private Estimate excess(
      TestReporter reporter, int steps, int width, int batch, Objective objective)
      throws IOException {
    PyTorch.setThreads(1);
    TrainingConfig config =
        new TrainingConfig(
            objective,
            0,
            steps,
            batch,
            1,
            Update.ADAMW,
            width == 64 ? 4e-3 : 2e-3,
            steps / 20,
            0.01,
            1,
            0,
            0.95,
            steps,
            1);
    TrainingRun run =
        new TrainingRun(
            directory,
            new NetworkShape(SYMBOLS + 1, width, width / 32, 2, LENGTH, 0, false),
            SYMBOLS,
            config,
            Precision.FP32,
            WeightType.FP32,
            "cpu",
            50,
            "",
            "",
            "");
    TokenData fresh = chain(600 * LENGTH, 3);
    try (Trainer trainer = new Trainer(run, false)) {
      trainer.train(chain(300_000, 2), fresh, new TrainingListener() {});
    }
    List<int[]> blocks = new ArrayList<>();
    Trainer.blocks(fresh, LENGTH, 600).forEachRemaining(blocks::add);
    double[] differences = new double[blocks.size()];
    double bound = 0;
    double error;
    try (Denoiser oracle = new OracleDenoiser(law());
        Denoiser model =
            TransformerDenoiser.owning(
                Network.read(
                    PyTorch.newManager("cpu"),
                    run.shape(),
                    directory.resolve("model.safetensors"),
                    ""),
                Precision.FP32,
                SYMBOLS,
                Representation.DENOISER)) {
      for (int b = 0; b < differences.length; b++) {
        List<int[]> one = List.of(blocks.get(b));
        double ours = LikelihoodBound.estimate(model, one.iterator(), LENGTH, 64, b).natsPerToken();
        double exact =
            LikelihoodBound.estimate(oracle, one.iterator(), LENGTH, 64, b).natsPerToken();
        differences[b] = ours - exact;
        bound += ours / differences.length;
      }
      error = LikelihoodBound.estimate(model, blocks.iterator(), LENGTH, 64, 1).standardError();
    }
    Estimate excess = Estimate.of(differences);
    double entropy = law().curve().orElseThrow().entropy() / LENGTH;
    reporter.publishEntry(
        "learning a Markov chain",
        String.format(
            Locale.ROOT,
            "%s, %d steps: bound %.5f +- %.5f, H/d %.5f, bound - H/d %.5f +- %.5f (paired with the"
                + " oracle), one-sided %.5f, one token %.5f nats per token",
            objective.label(),
            steps,
            bound,
            error,
            entropy,
            excess.mean(),
            excess.standardError(),
            oneSided(),
            Math.log(SYMBOLS)));
    // The bound is above the entropy, for any model.
    assertTrue(excess.mean() > -4 * excess.standardError(), "bound below the entropy: " + excess);
    return excess;
  }

  /** Nats that a model which had learnt one side only, and that perfectly, would lose. */
  static double lossOfOneSide() {
    return oneSided() - law().curve().orElseThrow().entropy() / LENGTH;
  }

  /**
   * Losing less than half of 0.383 takes both sides. Seeds 1 to 4 give 0.040 to 0.051; with half of
   * the steps training is still on its way, and last bits decide how far (seed 1: 0.148, 0.188).
   */
  @Test
  void learnsBothSidesOfTheContext(TestReporter reporter) throws IOException {
    Estimate excess = excess(reporter, 1800, 64, 64, Objective.ELBO);
    assertTrue(excess.mean() + 4 * excess.standardError() < lossOfOneSide() / 2, excess.toString());
  }

  /** Nine tenths of what the second side is worth. */
  @Test
  @Tag("slow")
  void comesNearTheEntropy(TestReporter reporter) throws IOException {
    Estimate excess = excess(reporter, 6000, 128, 64, Objective.ELBO);
    assertTrue(
        excess.mean() + 4 * excess.standardError() < lossOfOneSide() / 10, excess.toString());
  }

  @Test
  @Tag("slow")
  void scoreEntropyComesNearTheEntropy(TestReporter reporter) throws IOException {
    Estimate excess = excess(reporter, 6000, 128, 64, Objective.SCORE_ENTROPY);
    assertTrue(
        excess.mean() + 4 * excess.standardError() < lossOfOneSide() / 10, excess.toString());
  }
}
