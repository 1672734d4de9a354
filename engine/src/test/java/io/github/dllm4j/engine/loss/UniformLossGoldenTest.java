package io.github.dllm4j.engine.loss;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.UniformConversions;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.TestHeads;
import io.github.dllm4j.engine.oracle.UniformGolden;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Golden groups 02a to 02d: losses of uniform noise in plain double. */
class UniformLossGoldenTest {
  private static final double DELTA = 1e-3;
  private static final double HORIZON = 6;

  /** The laws of a head at every word, [word][position][S]. */
  private static double[][][] laws(Denoiser head, ExactLaw law, double sigma) {
    int d = law.length();
    int words = law.table().length;
    int[] tokens = new int[words * d];
    for (int w = 0; w < words; w++) {
      System.arraycopy(UniformGolden.word(law, w), 0, tokens, w * d, d);
    }
    double[] sigmas = new double[words];
    Arrays.fill(sigmas, sigma);
    TokenBatch batch = TokenBatch.of(d, tokens, sigmas);
    double[][] rows = head.predict(batch, Rows.all(batch)).toArray();
    double[][][] laws = new double[words][d][];
    for (int r = 0; r < rows.length; r++) {
      laws[r / d][r % d] = rows[r];
    }
    return laws;
  }

  /** A loss of one token, with what is true there. */
  private interface TokenLoss {
    double of(int word, int position, int noisy, double[] trueLeaveOneOut);
  }

  /** The mean over noisy words of the sum over positions. */
  private static double mean(ExactLaw law, double sigma, TokenLoss loss) {
    NoisyOracle oracle = NoisyOracle.uniform(law);
    double[] q = oracle.noised(sigma);
    double[][][] truth = laws(oracle, law, sigma);
    double mean = 0;
    for (int w = 0; w < q.length; w++) {
      int[] word = UniformGolden.word(law, w);
      for (int i = 0; i < word.length; i++) {
        mean += q[w] == 0 ? 0 : q[w] * loss.of(w, i, word[i], truth[w][i]);
      }
    }
    return mean;
  }

  /** The mean over the clean token given the noisy word. */
  private static double overClean(
      double[] leaveOneOut, int noisy, double sigma, java.util.function.IntToDoubleFunction loss) {
    double[] denoiser = UniformConversions.denoiser(leaveOneOut, noisy, sigma);
    double mean = 0;
    for (int b = 0; b < denoiser.length; b++) {
      mean += denoiser[b] == 0 ? 0 : denoiser[b] * loss.applyAsDouble(b);
    }
    return mean;
  }

  private static double entropy(double ratio) {
    return ratio * (Math.log(ratio) - 1);
  }

  /** Score entropy of one token, from the true and the model's scores. */
  private static double explicit(double[] score, double[] model, int noisy) {
    double sum = 0;
    for (int b = 0; b < score.length; b++) {
      if (b != noisy) {
        sum += model[b] - score[b] * Math.log(model[b]) + entropy(score[b]);
      }
    }
    return sum / score.length;
  }

  private static double[] perturbedScore(double[] score, int word, int i, int noisy) {
    double[] perturbed = score.clone();
    for (int b = 0; b < score.length; b++) {
      perturbed[b] *= b == noisy ? 1 : Math.exp(0.3 * Math.sin(1 + word + 3 * i + 5 * b));
    }
    return perturbed;
  }

  private static double[] logs(double[] score) {
    return Arrays.stream(score).map(Math::log).toArray();
  }

  @Test
  void singleTime(TestReporter reporter) {
    Golden golden = new Golden("02a score entropy at one time");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      for (double sigma : new double[] {0.2, 1}) {
        String at = sigma == 1 ? "sigma=1" : "sigma=0.2";
        JsonNode expected = UniformGolden.values("02a_score_entropy_single_time", name).get(at);
        double se =
            mean(
                law,
                sigma,
                (w, i, x, loo) -> {
                  double[] s = UniformConversions.score(loo, x, sigma);
                  return explicit(s, perturbedScore(s, w, i, x), x);
                });
        double dse =
            mean(
                law,
                sigma,
                (w, i, x, loo) -> {
                  double[] s = UniformConversions.score(loo, x, sigma);
                  double[] ell = logs(perturbedScore(s, w, i, x));
                  return overClean(
                      loo, x, sigma, x0 -> UniformScoreEntropy.loss(ell, x, x0, sigma));
                });
        double dseAtTruth =
            mean(
                law,
                sigma,
                (w, i, x, loo) -> {
                  double[] ell = logs(UniformConversions.score(loo, x, sigma));
                  return overClean(
                      loo, x, sigma, x0 -> UniformScoreEntropy.loss(ell, x, x0, sigma));
                });
        double ise = implicit(law, sigma);
        golden.close(name + " SE", se, expected.get("SE").asDouble());
        golden.close(name + " ISE", ise, expected.get("ISE").asDouble());
        golden.close(name, se - ise, expected.get("const_SE_minus_ISE").asDouble());
        golden.close(name + " DSE", dse, expected.get("DSE").asDouble());
        golden.close(name, dseAtTruth, expected.get("DSE_at_true_score").asDouble());
      }
    }
    golden.report(reporter, 70);
  }

  /** E sum over y of (1/S)(model(y, x) - ln model(x, y)): the network is asked at y too. */
  private static double implicit(ExactLaw law, double sigma) {
    int symbols = law.symbols();
    double[][][] truth = laws(NoisyOracle.uniform(law), law, sigma);
    return mean(
        law,
        sigma,
        (w, i, x, loo) -> {
          double[] model = perturbedScore(UniformConversions.score(loo, x, sigma), w, i, x);
          int power = (int) Math.round(Math.pow(symbols, law.length() - 1.0 - i));
          double sum = 0;
          for (int b = 0; b < symbols; b++) {
            if (b != x) {
              int y = w + (b - x) * power;
              double[] back = UniformConversions.score(truth[y][i], b, sigma);
              sum += model[b] - Math.log(perturbedScore(back, y, i, b)[x]);
            }
          }
          return sum / symbols;
        });
  }

  @Test
  void perTokenForms(TestReporter reporter) {
    Golden golden = new Golden("02b per-token forms");
    for (JsonNode entry : UniformGolden.file("02b_per_token_forms").get("values")) {
      int x = entry.get("x").asInt();
      int x0 = entry.get("x0").asInt();
      double sigma = entry.get("sigma").asDouble();
      double[] ell = new double[entry.get("S").asInt()];
      Arrays.setAll(ell, b -> b == x ? 0 : 0.1 * (b + 1) - 0.3 * Math.cos(b));
      double absorbing = ScoreEntropy.loss(ell, x0, sigma);
      golden.close("absorbing", absorbing, entry.get("loss_absorb_at_mask").asDouble());
      double uniform = UniformScoreEntropy.loss(ell, x, x0, sigma);
      golden.close("uniform", uniform, entry.get("loss_uniform").asDouble());
    }
    golden.report(reporter, 14);
  }

  /** Nodes and weights of Gauss and Legendre on [-1, 1] by Newton's method, [n][2]. */
  private static double[][] gaussLegendre(int n) {
    double[][] rule = new double[n][2];
    for (int k = 0; k < n; k++) {
      double z = Math.cos(Math.PI * (k + 0.75) / (n + 0.5));
      double slope = 0;
      for (int step = 0; step < 100; step++) {
        double p = 1;
        double before = 0;
        for (int j = 1; j <= n; j++) {
          double next = ((2 * j - 1) * z * p - (j - 1) * before) / j;
          before = p;
          p = next;
        }
        slope = n * (z * p - before) / (z * z - 1);
        z -= p / slope;
      }
      rule[k] = new double[] {z, 2 / ((1 - z * z) * slope * slope)};
    }
    return rule;
  }

  /** The integral over sigma in [delta, T], by 260 nodes in its logarithm. */
  private static double integral(java.util.function.DoubleUnaryOperator f) {
    double half = 0.5 * Math.log(HORIZON / DELTA);
    double sum = 0;
    for (double[] node : gaussLegendre(260)) {
      double sigma = Math.exp(Math.log(DELTA) + half * (1 + node[0]));
      sum += node[1] * half * sigma * f.applyAsDouble(sigma);
    }
    return sum;
  }

  /** The production form of the denoising score entropy, the head's law in the slot. */
  private static double denoisingScoreEntropy(ExactLaw law, Denoiser head, double sigma) {
    int symbols = law.symbols();
    double[][][] model = laws(head, law, sigma);
    double kappa = UniformScoreEntropy.odds(symbols, sigma);
    return mean(
        law,
        sigma,
        (w, i, x, loo) -> {
          double[] p = model[w][i];
          double logs = Arrays.stream(p).map(v -> Math.log1p(kappa * v)).sum();
          return overClean(
              loo,
              x,
              sigma,
              x0 -> UniformScoreEntropy.loss(symbols, p[x], p[x0], logs, x == x0, sigma));
        });
  }

  private static double scoreEntropy(ExactLaw law, Denoiser head, double sigma) {
    double[][][] model = laws(head, law, sigma);
    return mean(
        law,
        sigma,
        (w, i, x, loo) ->
            explicit(
                UniformConversions.score(loo, x, sigma),
                UniformConversions.score(model[w][i], x, sigma),
                x));
  }

  /** H(x0 | x_delta), by Bayes over all pairs of words. */
  private static double conditionalEntropy(ExactLaw law) {
    double[] p = law.table();
    double[] q = NoisyOracle.uniform(law).noised(DELTA);
    double other = -Math.expm1(-DELTA) / law.symbols();
    double sum = 0;
    for (int a = 0; a < p.length; a++) {
      for (int b = 0; b < p.length && p[a] > 0; b++) {
        int[] from = UniformGolden.word(law, a);
        int[] to = UniformGolden.word(law, b);
        double joint = p[a];
        for (int i = 0; i < from.length; i++) {
          joint *= other + (from[i] == to[i] ? Math.exp(-DELTA) : 0);
        }
        sum -= joint * Math.log(joint / q[b]);
      }
    }
    return sum;
  }

  @Test
  void bound(TestReporter reporter) {
    Golden golden = new Golden("02c the bound and its parts");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      int d = law.length();
      int symbols = law.symbols();
      double entropy = Arrays.stream(law.table()).map(v -> v == 0 ? 0 : -v * Math.log(v)).sum();
      double[] pi = new double[law.table().length];
      Arrays.fill(pi, 1.0 / pi.length);
      double start = Divergence.kl(NoisyOracle.uniform(law).noised(HORIZON), pi);
      double before = conditionalEntropy(law);
      for (double size : new double[] {0, 0.3}) {
        String at = name + (size == 0 ? "|eps=0" : "|eps=0.3");
        JsonNode expected = UniformGolden.values("02c_nelbo", at);
        Denoiser head = size == 0 ? NoisyOracle.uniform(law) : TestHeads.perturbed(law, size);
        double dse = integral(sigma -> denoisingScoreEntropy(law, head, sigma));
        double se = integral(sigma -> scoreEntropy(law, head, sigma));
        double prior = d * UniformScoreEntropy.prior(symbols, HORIZON);
        double[][][] model = laws(head, law, DELTA);
        double recon =
            mean(
                law,
                DELTA,
                (w, i, x, loo) ->
                    overClean(
                        loo,
                        x,
                        DELTA,
                        x0 ->
                            UniformScoreEntropy.reconstruction(
                                symbols, model[w][i][x], model[w][i][x0], x == x0, DELTA)));
        golden.close(at + " dse", dse, expected.get("int_dse").asDouble());
        golden.close(at + " se", se, expected.get("int_se").asDouble());
        golden.close(at + " prior", prior, expected.get("prior").asDouble());
        golden.close(at + " recon", recon, expected.get("recon").asDouble());
        golden.close(at + " H", entropy, expected.get("H_data").asDouble());
        golden.close(at + " H0d", before, expected.get("H_x0_given_xdelta").asDouble());
        golden.close(at + " KL", start, expected.get("KL_qT_pi").asDouble());
        double nelbo = dse + prior + recon;
        golden.close(at + " nelbo", nelbo, expected.get("nelbo").asDouble());
        golden.close(at, nelbo - entropy, expected.get("nelbo_minus_H").asDouble());
        golden.close(at, entropy + start + se + recon - before, expected.get("nelbo").asDouble());
        golden.close(at, Math.exp(nelbo / d), expected.get("ppl_bound").asDouble());
        golden.close(at, Math.exp(entropy / d), expected.get("true_ppl").asDouble());
      }
    }
    golden.report(reporter, 168);
  }

  /** The minimiser of the bound is the leave-one-out law: the denoiser in its slot costs nats. */
  @Test
  void theDenoiserInTheWrongSlot(TestReporter reporter) {
    Golden golden = new Golden("02d denoiser in the leave-one-out slot");
    for (String name : UniformGolden.CASES) {
      ExactLaw law = UniformGolden.law(name);
      JsonNode expected = UniformGolden.values("02d_plugin_elbo_loo_vs_denoiser", name);
      Denoiser right = NoisyOracle.uniform(law);
      Denoiser wrong = TestHeads.denoiserInTheWrongSlot(law);
      double good = integral(sigma -> denoisingScoreEntropy(law, right, sigma));
      double bad = integral(sigma -> denoisingScoreEntropy(law, wrong, sigma));
      golden.close(name, good, expected.get("int_dse_loo_plugged").asDouble());
      golden.close(name, bad, expected.get("int_dse_denoiser_plugged").asDouble());
      golden.close(name, bad - good, expected.get("excess").asDouble());
    }
    golden.report(reporter, 21);
  }
}
