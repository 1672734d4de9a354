package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.InformationCurve.Source;
import io.github.dllm4j.engine.info.IsotonicRegression;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.Arrays;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** The objectives of an imperfect predictor, averaged over every word and every mask. */
class LossGoldenTest {

  /** The mean over words and over all masks of size n of something. */
  private static double mean(ExactLaw law, int n, ToDoubleBiFunction<int[], int[]> value) {
    int d = law.length();
    double[] table = law.table();
    double sum = 0;
    int masks = 0;
    for (int bits = 0; bits < 1 << d; bits++) {
      if (Integer.bitCount(bits) != n) {
        continue;
      }
      masks++;
      int set = bits;
      int[] masked = IntStream.range(0, d).filter(i -> (set >> i & 1) == 1).toArray();
      for (int index = 0; index < table.length; index++) {
        if (table[index] > 0) {
          int[] word = new int[d];
          for (int i = d - 1, rest = index; i >= 0; i--, rest /= law.symbols()) {
            word[i] = rest % law.symbols();
          }
          sum += table[index] * value.applyAsDouble(word, masked);
        }
      }
    }
    return sum / masks;
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private static InformationCurve estimated(double[] values) {
    return InformationCurve.estimated(
        values, new double[values.length], Source.MODEL_CROSS_ENTROPY, 1);
  }

  @Test
  void training(TestReporter reporter) {
    Golden golden = new Golden("training");
    for (JsonNode entry : Golden.file("training")) {
      String name = entry.get("dist").asText();
      ExactLaw law = Golden.law(name);
      Blurred blurred = new Blurred(law, Golden.doubles(entry.get("lambda_j")));
      OracleDenoiser denoiser = new OracleDenoiser(blurred);
      int d = law.length();
      double[] crossEntropy = new double[d]; // by number masked, minus 1
      double[] terms = new double[d];
      for (int n = 1; n <= d; n++) {
        crossEntropy[n - 1] = mean(law, n, (x, m) -> MaskedCrossEntropy.nats(denoiser, x, m));
        terms[n - 1] = mean(law, n, (x, m) -> MaskedCrossEntropy.weighted(denoiser, x, m));
      }
      double[] h = new double[d];
      Arrays.setAll(h, j -> crossEntropy[d - j - 1] / (d - j));
      golden.close(name + " h_theta", h, entry.get("h_theta"));
      double[] own = new double[d];
      for (int j = 0; j < d; j++) {
        own[j] = mean(law, d - j, (x, m) -> meanEntropy(denoiser, x, m));
      }
      golden.close(name + " h of the model", own, entry.get("h_model_entropy"));
      double bound = Arrays.stream(terms).sum() / d;
      golden.close(name + " bound", bound, entry.get("nelbo").asDouble());
      golden.close(name + " per token", bound / d, entry.get("nelbo_per_token").asDouble());
      golden.close(
          name + " perplexity", Math.exp(bound / d), entry.get("perplexity_bound").asDouble());
      double entropy = law.curve().orElseThrow().entropy();
      golden.close(name + " H", entropy, entry.get("data_entropy").asDouble());
      golden.close(
          name + " perplexity of the data",
          Math.exp(entropy / d),
          entry.get("perplexity_exact_sequential_data").asDouble());
      golden.close(
          name + " isotonic",
          IsotonicRegression.nonIncreasing(h, ones(d)),
          entry.get("isotonic_h_theta"));
      for (JsonNode sizes : entry.get("balanced")) {
        balanced(golden, name, law, denoiser, h, terms, sizes);
      }
      for (JsonNode level : entry.get("score_entropy")) {
        scoreEntropy(golden, name, law, blurred, crossEntropy, level);
      }
    }
    golden.report(reporter, 236);
  }

  /** Mean entropy of the model's laws of the masked tokens, nats. */
  private static double meanEntropy(OracleDenoiser denoiser, int[] word, int[] masked) {
    int[] noisy = word.clone();
    for (int i : masked) {
      noisy[i] = denoiser.mask().orElseThrow();
    }
    TokenBatch batch = TokenBatch.of(noisy.length, noisy, new double[] {1});
    return Arrays.stream(denoiser.predict(batch, Rows.of(masked)).entropyNats())
        .average()
        .orElseThrow();
  }

  private static void balanced(
      Golden golden,
      String name,
      ExactLaw law,
      OracleDenoiser denoiser,
      double[] h,
      double[] terms,
      JsonNode expected) {
    SizePlan plan = SizePlan.of(Golden.integers(expected.get("sizes")));
    int d = law.length();
    double objective = 0; // Li and Cai: mask size before step k with probability s_k / d
    int left = d;
    for (int size : plan.sizes()) {
      objective += size / (double) d * terms[left - 1];
      left -= size;
    }
    InformationCurve exact = law.curve().orElseThrow();
    InformationCurve model = estimated(h);
    golden.close(name, objective, expected.get("li_cai_loss").asDouble());
    golden.close(
        name, SamplingCost.expectedNll(model, plan), expected.get("li_cai_loss").asDouble());
    double oracle = SamplingCost.conditionalKl(exact, plan);
    golden.close(name, oracle, expected.get("oracle_cond_kl").asDouble());
    double excess = objective - SamplingCost.expectedNll(exact, plan);
    golden.close(name, excess, expected.get("eps_train").asDouble());
    golden.close(
        name, objective - exact.entropy(), expected.get("cond_kl_with_predictor").asDouble());
    golden.close(
        name,
        SamplingCost.conditionalKl(model, plan),
        expected.get("plug_in_schedule_kl_from_h_theta").asDouble());
    Canvas canvas = Canvas.blank(d, law.symbols());
    double[] out = new ExactSampling(denoiser, canvas, 1, 1).outputLaw(plan);
    golden.close(
        name, Divergence.kl(law.table(), out), expected.get("marg_kl_with_predictor").asDouble());
  }

  private static void scoreEntropy(
      Golden golden,
      String name,
      ExactLaw law,
      Blurred blurred,
      double[] crossEntropy,
      JsonNode expected) {
    double u = expected.get("u").asDouble();
    int d = law.length();
    double masked = -Math.expm1(-u);
    double kl = 0;
    double ce = 0;
    double loss = 0;
    double sets = 1; // d over n
    for (int n = 1; n <= d; n++) {
      sets *= (d - n + 1.0) / n;
      double weight = sets * Math.pow(masked, n) * Math.exp(-u * (d - n));
      ce += weight * crossEntropy[n - 1];
      kl += weight * mean(law, n, (x, m) -> sumOverMasked(law, blurred, x, m, u, false));
      loss += weight * mean(law, n, (x, m) -> sumOverMasked(law, blurred, x, m, u, true));
    }
    golden.close(name + " KL", kl, expected.get("expected_sum_masked_KL").asDouble());
    golden.close(name + " CE", ce, expected.get("expected_sum_masked_CE").asDouble());
    golden.close(name + " L_SE", kl / Math.expm1(u), expected.get("L_SE").asDouble());
    // For a normalised head the denoising score entropy is the weighted cross-entropy.
    assertEquals(ce / Math.expm1(u), loss, 1e-12 * loss);
  }

  private static double sumOverMasked(
      ExactLaw law, ExactLaw model, int[] word, int[] masked, double u, boolean denoising) {
    int[] noisy = word.clone();
    for (int i : masked) {
      noisy[i] = law.symbols();
    }
    double[][] p = law.conditionals(noisy);
    double[][] q = model.conditionals(noisy);
    double sum = 0;
    for (int i : masked) {
      double[] logScores = Arrays.stream(q[i]).map(v -> Math.log(v / Math.expm1(u))).toArray();
      sum += denoising ? ScoreEntropy.loss(logScores, word[i], u) : Divergence.kl(p[i], q[i]);
    }
    return sum;
  }

  @Test
  void denoisingScoreEntropy(TestReporter reporter) {
    Golden golden = new Golden("denoising_score_entropy");
    for (JsonNode entry : Golden.file("denoising_score_entropy")) {
      double u = entry.get("u").asDouble();
      double c = entry.get("scale_c").asDouble();
      int x = entry.get("x0").asInt();
      double[] phat = Golden.doubles(entry.get("p_hat"));
      double[] logScores = Arrays.stream(phat).map(p -> Math.log(c * p / Math.expm1(u))).toArray();
      golden.close("loss", ScoreEntropy.loss(logScores, x, u), entry.get("dse").asDouble());
      golden.close(
          "cross-entropy", -Math.log(phat[x]) / Math.expm1(u), entry.get("weighted_ce").asDouble());
      golden.close(
          "penalty",
          ScoreEntropy.penalty(Math.log(c)) / Math.expm1(u),
          entry.get("normalisation_penalty").asDouble());
    }
    golden.report(reporter, 9);
  }

  @Test
  void timeSampling(TestReporter reporter) {
    Golden golden = new Golden("time_sampling");
    JsonNode file = Golden.file("time_sampling");
    JsonNode stratified = file.get("stratified");
    golden.close(
        "stratified",
        TimeSampling.stratified(Golden.doubles(stratified.get("u"))),
        stratified.get("t"));
    JsonNode systematic = file.get("systematic");
    golden.close(
        "systematic",
        TimeSampling.systematic(systematic.get("u0").asDouble(), systematic.get("n").asInt()),
        systematic.get("t"));
    JsonNode pair = file.get("antithetic_pair");
    golden.close("antithetic", TimeSampling.antithetic(pair.get("u").asDouble()), pair.get("t"));
    golden.report(reporter, 10);
  }

  @Test
  void anImpossibleTokenCostsInfinitely() {
    OracleDenoiser denoiser = new OracleDenoiser(ExactLaw.zeroSum(2, 2));
    double nats = MaskedCrossEntropy.nats(denoiser, new int[] {0, 1}, new int[] {1});
    assertEquals(Double.POSITIVE_INFINITY, nats);
    assertThrows(
        IllegalArgumentException.class,
        () -> MaskedCrossEntropy.nats(denoiser, new int[] {0, 1}, new int[] {1, 0}));
  }
}
