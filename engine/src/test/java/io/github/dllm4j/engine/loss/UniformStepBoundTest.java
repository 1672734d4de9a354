package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.denoise.UniformConversions;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactPath;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.train.Refusal;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The N-step bound of uniform noise: its mean over data and noise is the entropy PLUS the chain KL
 * of the Tweedie sampler, which is enumerated from whole words and golden.
 */
class UniformStepBoundTest {
  private static final double QUANTILE = 3.89; // false alarm 1e-4
  private static final double[][] TRANSITION = {
    {0.8, 0.15, 0.05}, {0.1, 0.7, 0.2}, {0.3, 0.1, 0.6}
  };

  /** The mean over data and noise, exactly: noisy words, and clean tokens given them. */
  private static double mean(ExactLaw law, Denoiser head, TimeGrid grid) {
    int d = law.length();
    int symbols = law.symbols();
    NoisyOracle oracle = NoisyOracle.uniform(law);
    double nats = d * UniformScoreEntropy.prior(symbols, grid.level(0));
    for (int k = 0; k < grid.steps(); k++) {
      double sigma = grid.level(k);
      double after = grid.level(k + 1);
      double[] q = oracle.noised(sigma);
      int[] words = new int[q.length * d];
      for (int w = 0; w < q.length; w++) {
        System.arraycopy(UniformGolden.word(law, w), 0, words, w * d, d);
      }
      double[] sigmas = new double[q.length];
      Arrays.fill(sigmas, sigma);
      TokenBatch batch = TokenBatch.of(d, words, sigmas);
      double[][] truth = oracle.predict(batch, Rows.all(batch)).toArray();
      TokenLaws laws = head.predict(batch, Rows.all(batch));
      double[] odds = new double[words.length];
      Arrays.fill(odds, after == 0 ? 0 : UniformScoreEntropy.odds(symbols, after));
      double[] logs = laws.sumLogOnePlus(odds);
      double[] ofNoisy = laws.probabilityOf(words);
      for (int clean = 0; clean < symbols; clean++) {
        int[] cleans = new int[words.length];
        Arrays.fill(cleans, clean);
        double[] ofClean = laws.probabilityOf(cleans);
        for (int r = 0; r < words.length; r++) {
          double p = UniformConversions.denoiser(truth[r], words[r], sigma)[clean];
          if (p * q[r / d] > 0) {
            nats +=
                q[r / d]
                    * p
                    * UniformStepLoss.nats(
                        symbols, ofNoisy[r], ofClean[r], logs[r], clean == words[r], sigma, after);
          }
        }
      }
    }
    return nats;
  }

  @Test
  void itsMeanIsEntropyPlusChainKl(TestReporter reporter) {
    Golden golden = new Golden("03a Tweedie chain KL, by the N-step bound");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      Denoiser oracle = NoisyOracle.uniform(law);
      double entropy = 0;
      for (double p : law.table()) {
        entropy -= p > 0 ? p * Math.log(p) : 0;
      }
      JsonNode values = UniformGolden.values("03a_sampler_output_laws", name);
      for (String grid : new String[] {"sigma_uniform_T8", "loglinear_eps1e-3"}) {
        for (JsonNode entry : values.get(grid)) {
          TimeGrid times = UniformGolden.grid(grid, entry.get("N").asInt());
          double kl = mean(law, oracle, times) - entropy;
          golden.close(name + " " + times, kl, entry.get("tweedie_chain_KL").asDouble());
        }
      }
    }
    golden.report(reporter, 98);
  }

  /**
   * Also of a head that is wrong, by enumeration of its sampler; the twin with minus H is refused.
   */
  @Test
  void aWrongHeadIsPricedAsItsSamplerIs() {
    ExactLaw law = ExactLaw.markov(2, new double[] {0.5, 0.3, 0.2}, TRANSITION);
    Denoiser head = TestHeads.perturbed(law, 0.5);
    double entropy = law.curve().orElseThrow().entropy();
    for (TimeGrid grid : List.of(TimeGrid.logLinear(1e-3, 5), TimeGrid.geometric(6, 0.01, 4))) {
      ReversePlan plan = ReversePlan.of(grid, ReverseKernel.tweedie());
      double kl = new ExactPath(law, NoiseProcess.uniform(3), head).chainKl(plan);
      double exact = mean(law, head, grid);
      assertEquals(entropy + kl, exact, 1e-11, grid.toString());
      assertTrue(Math.abs(kl - entropy - exact) > 0.1 && Math.abs(kl - exact) > 0.1);
    }
  }

  /** The estimator, through examples and batches, is that mean without bias. */
  @Test
  void theEstimatorHasNoBias() {
    ExactLaw law = ExactLaw.markov(2, new double[] {0.5, 0.3, 0.2}, TRANSITION);
    Denoiser head = TestHeads.perturbed(law, 0.5);
    List<int[]> words = IntStream.range(0, 3000).mapToObj(i -> law.sample(99, i)).toList();
    TimeGrid grid = TimeGrid.logLinear(1e-3, 6);
    LikelihoodBound bound =
        LikelihoodBound.estimate(
            LikelihoodEstimator.steps(head, "6 log-linear steps", grid, 64, 7),
            words.stream().map(Passage::of).iterator());
    double error = bound.natsPerToken() - mean(law, head, grid) / 2;
    assertTrue(Math.abs(error) < QUANTILE * bound.standardError(), error + " " + bound);
  }

  /** With many steps it tends to the entropy, the NELBO of the oracle, in first order: 1/N. */
  @Test
  void theContinuousBoundIsItsLimit() {
    ExactLaw law = ExactLaw.markov(2, new double[] {0.5, 0.3, 0.2}, TRANSITION);
    double entropy = law.curve().orElseThrow().entropy();
    double[] excess =
        IntStream.of(200, 400)
            .mapToDouble(n -> mean(law, NoisyOracle.uniform(law), TimeGrid.logLinear(1e-3, n)))
            .map(nats -> nats - entropy)
            .toArray();
    assertEquals(2, excess[0] / excess[1], 0.05);
    assertTrue(excess[1] > 0 && excess[1] < 2e-3, "excess " + excess[1]);
  }

  @Test
  void theBatchChangesNotOneBit() {
    ExactLaw law = ExactLaw.markov(3, new double[] {0.5, 0.3, 0.2}, TRANSITION);
    Denoiser head = NoisyOracle.uniform(law);
    TimeGrid grid = TimeGrid.uniform(8, 7);
    Passage passage = new Passage(law.sample(99, 1), 1);
    double expected = LikelihoodEstimator.steps(head, "", grid, 100, 7).nats(passage, 2);
    for (int batch = 1; batch < 9; batch++) {
      LikelihoodEstimator steps = LikelihoodEstimator.steps(head, "", grid, batch, 7);
      assertEquals(expected, steps.nats(passage, 2));
    }
    assertEquals(
        "steps down a grid are for models of uniform noise, and this one has a MASK",
        Refusal.message(
            IllegalArgumentException.class,
            () -> LikelihoodEstimator.steps(new OracleDenoiser(law), "", grid, 1, 7)));
  }
}
