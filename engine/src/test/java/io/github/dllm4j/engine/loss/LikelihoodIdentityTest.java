package io.github.dllm4j.engine.loss;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.Divergence;
import io.github.dllm4j.engine.info.TeacherForcing;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.ExactSampling;
import io.github.dllm4j.engine.oracle.Golden;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.RememberedDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.SizePlan;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * The estimators averaged over every word and every order, against what samplers do by enumeration:
 * the expected NLL of a sampler is its KL PLUS the entropy of the data.
 */
class LikelihoodIdentityTest {

  /** All orders of d positions. */
  private static List<int[]> orders(int d) {
    List<int[]> orders = new ArrayList<>();
    extend(new int[d], 0, orders);
    return orders;
  }

  private static void extend(int[] order, int filled, List<int[]> orders) {
    if (filled == order.length) {
      orders.add(order.clone());
      return;
    }
    for (int i = 0; i < order.length; i++) {
      boolean used = false;
      for (int k = 0; k < filled; k++) {
        used |= order[k] == i;
      }
      if (!used) {
        order[filled] = i;
        extend(order, filled + 1, orders);
      }
    }
  }

  private static int[] word(ExactLaw law, int index) {
    int[] word = new int[law.length()];
    for (int i = word.length - 1, rest = index; i >= 0; i--, rest /= law.symbols()) {
      word[i] = rest % law.symbols();
    }
    return word;
  }

  /**
   * What the estimators say of a plan, exactly.
   *
   * @param steps mean over words and orders of the N-step bound, nats
   * @param sampler mean over words of the K-sample bound with every order once: -ln p_Y, nats
   */
  private record Exactly(double steps, double sampler) {

    static Exactly of(ExactLaw law, Denoiser model, SizePlan plan) {
      double[] table = law.table();
      List<int[]> orders = orders(law.length());
      double steps = 0;
      double sampler = 0;
      for (int w = 0; w < table.length; w++) {
        if (table[w] > 0) {
          int[] word = word(law, w);
          double[] nats = new double[orders.size()];
          for (int o = 0; o < nats.length; o++) {
            nats[o] = TeacherForcing.nats(model, word, orders.get(o), List.of(plan), 3)[0];
            steps += table[w] * nats[o] / nats.length;
          }
          sampler += table[w] * SampleBound.ofMean(nats);
        }
      }
      return new Exactly(steps, sampler);
    }
  }

  @Test
  void goldenLikelihoodsOfAnImperfectPredictor(TestReporter reporter) {
    Golden golden = new Golden("training, by the likelihood estimators");
    for (JsonNode entry : Golden.file("training")) {
      String name = entry.get("dist").asText();
      ExactLaw law = Golden.law(name);
      if (law.length() > 4) {
        continue; // 720 orders of 729 words; its masks are in LossGoldenTest
      }
      Blurred blurred = new Blurred(law, Golden.doubles(entry.get("lambda_j")));
      Denoiser model = new RememberedDenoiser(new OracleDenoiser(blurred));
      int d = law.length();
      double entropy = entry.get("data_entropy").asDouble();
      for (JsonNode expected : entry.get("balanced")) {
        SizePlan plan = SizePlan.of(Golden.integers(expected.get("sizes")));
        Exactly exactly = Exactly.of(law, model, plan);
        golden.close(name, exactly.steps, expected.get("li_cai_loss").asDouble());
        golden.close(
            name, exactly.steps - entropy, expected.get("cond_kl_with_predictor").asDouble());
        golden.close(
            name, exactly.sampler - entropy, expected.get("marg_kl_with_predictor").asDouble());
        if (plan.steps() == d) {
          golden.close(name, exactly.steps, entry.get("nelbo").asDouble());
          golden.close(name, Math.exp(exactly.steps / d), entry.get("perplexity_bound").asDouble());
        }
      }
    }
    golden.report(reporter, 42);
  }

  /**
   * exp(-(1/d) E ln p_Y(X)) = exp((1/d) (KL(p || p_Y) + H(X))), with p_Y on the left by the
   * estimator and on the right by enumeration of the sampler. The KL alone, and the KL minus the
   * entropy (the slide), are refused.
   */
  @Test
  void perplexityIsKlPlusEntropy() {
    ExactLaw law = Golden.law("markov_d4_S2");
    for (ExactLaw predictor : List.of(law, new Blurred(law, 0.05, 0.5, 0.1, 0.3))) {
      Denoiser model = new RememberedDenoiser(new OracleDenoiser(predictor));
      for (SizePlan plan : List.of(SizePlan.of(4), SizePlan.of(1, 3), SizePlan.of(1, 1, 1, 1))) {
        int d = law.length();
        ExactSampling sampler = new ExactSampling(model, Canvas.blank(d, law.symbols()), 1, 1);
        double kl = Divergence.kl(law.table(), sampler.outputLaw(plan));
        double conditional = sampler.conditionalKl(plan, law.table());
        double entropy = law.curve().orElseThrow().entropy();
        Exactly exactly = Exactly.of(law, model, plan);
        double perplexity = Math.exp(exactly.sampler / d);
        assertEquals(Math.exp((kl + entropy) / d), perplexity, 1e-12, plan.toString());
        assertTrue(Math.abs(Math.exp(kl / d) - perplexity) > 0.1, "KL alone");
        assertTrue(Math.abs(Math.exp((kl - entropy) / d) - perplexity) > 0.1, "minus H");
        // The N-step bound is the same with the conditional KL, and above.
        assertEquals(conditional + entropy, exactly.steps, 1e-12, plan.toString());
        assertTrue(exactly.steps >= exactly.sampler - 1e-12);
      }
    }
  }

  /**
   * Exactly, over all pairs of orders: E L_1 >= E L_2 >= -ln p_N for every word, with equality
   * where the laws fit together; and the mean of the two likelihoods has no bias.
   */
  @Test
  void theSampleBoundTightens() {
    ExactLaw law = Golden.law("markov_d4_S2");
    SizePlan ones = SizePlan.of(1, 1, 1, 1);
    List<int[]> orders = orders(4);
    double gain = 0;
    for (boolean fits : new boolean[] {true, false}) {
      ExactLaw predictor = fits ? law : new Blurred(law, 0.05, 0.5, 0.1, 0.3);
      Denoiser model = new RememberedDenoiser(new OracleDenoiser(predictor));
      for (int w = 0; w < law.table().length; w++) {
        int[] word = word(law, w);
        double[] nats =
            orders.stream()
                .mapToDouble(o -> TeacherForcing.nats(model, word, o, List.of(ones), 4)[0])
                .toArray();
        double one = 0;
        double two = 0;
        for (double a : nats) {
          one += a / nats.length;
          for (double b : nats) {
            two += SampleBound.ofMean(new double[] {a, b}) / nats.length / nats.length;
          }
        }
        double mixture = SampleBound.ofMean(nats);
        if (fits) {
          assertEquals(-law.logProbability(word), one, 1e-12);
          assertEquals(one, mixture, 1e-12);
        }
        assertTrue(one >= two - 1e-12 && two >= mixture - 1e-12, one + " " + two + " " + mixture);
        gain = Math.max(gain, one - two);
      }
    }
    assertTrue(gain > 1e-3, "an inconsistent predictor must gain, got " + gain);
  }
}
