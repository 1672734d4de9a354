package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.denoise.UniformConversions;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One step of our samplers on the field's checkpoints against one step of the field's samplers. */
class FieldSamplerTest {
  private static final double TOLERANCE = 1e-4;

  /** Times of the cases, from {@code field/make_fixtures.py}, and the step of its samplers. */
  private static final double[] TIMES = {0.9, 0.5, 0.1};

  private static final double STEP = 0.05;
  private static final NoiseSchedule SCHEDULE = NoiseSchedule.logLinear(1e-3);

  private static double[][] laws(Model model, TokenBatch batch) {
    try (TokenLaws laws = model.denoiser().predict(batch, Rows.all(batch))) {
      return laws.toArray();
    }
  }

  private static double deviation(double[] expected, double[] actual) {
    double scale = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    double largest = 0;
    for (int v = 0; v < expected.length; v++) {
      largest = Math.max(largest, Math.abs(expected[v] - actual[v]) / scale);
    }
    return largest;
  }

  /** The law of a masked token after a step: revealed with a chance, by the clean law. */
  private static double[] masked(double[] clean, int mask, double chance) {
    double[] law = Arrays.stream(clean).map(p -> p * chance).toArray();
    law[mask] = 1 - chance;
    return law;
  }

  @ParameterizedTest
  @ValueSource(strings = {"mdlm", "mdlm-time"})
  void stepsAsMdlm(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      int mask = model.config().mask();
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.batch(k);
        double[][] expected = fixture.rows("ancestral." + k, model.config().network().vocabulary());
        double[][] laws = laws(model, batch);
        for (int r = 0; r < laws.length; r++) {
          if (batch.token(r) == mask) {
            double u0 = batch.sigma(r / batch.length());
            double u1 = fixture.doubles("to." + k)[r / batch.length()];
            double chance = TauLeaping.TWEEDIE.unmaskProbability(u0, u1, 1);
            assertEquals(0, deviation(expected[r], masked(laws[r], mask, chance)), TOLERANCE);
            double wrong = TauLeaping.EULER.unmaskProbability(u0, u1, 1);
            assertTrue(deviation(expected[r], masked(laws[r], mask, wrong)) > 10 * TOLERANCE);
          }
        }
      }
    }
  }

  /**
   * BD3LM's step in its last block, by the chance of its noise, and by first hitting, which draws
   * one place of the masked ones and a token there.
   */
  @ParameterizedTest
  @ValueSource(strings = {"bd3lm", "bd3lm-plain"})
  void stepsAsBd3lm(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      int mask = model.config().mask();
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.text(k);
        int n = batch.length();
        double[][] ancestral = fixture.rows("ancestral." + k, mask + 1);
        double[][] hitting = fixture.rows("hitting." + k, mask + 1);
        double[][] laws = laws(model, batch);
        int compared = 0;
        for (int r = 0; r < ancestral.length; r++) {
          int row = r / 4 * n + n - 4 + r % 4;
          if (batch.token(row) == mask) {
            double u0 = batch.sigma(r / 4);
            double u1 = fixture.doubles("to." + k)[r / 4];
            double chance = TauLeaping.TWEEDIE.unmaskProbability(u0, u1, 1);
            assertEquals(0, deviation(ancestral[r], masked(laws[row], mask, chance)), TOLERANCE);
            assertEquals(0, deviation(hitting[r], laws[row]), TOLERANCE);
            double wrong = TauLeaping.EULER.unmaskProbability(u0, u1, 1);
            assertTrue(deviation(ancestral[r], masked(laws[row], mask, wrong)) > 10 * TOLERANCE);
            compared++;
          }
        }
        assertTrue(compared >= batch.size(), "each last block has a MASK");
      }
      SizePlan plan = SizePlan.firstHitting(4);
      for (int left = 4; left > 0; left--) {
        assertEquals(1.0 / left, plan.chance(4 - left, 1, left), 1e-15);
      }
    }
  }

  @Test
  void stepsAsRadd() throws IOException {
    FieldFixture fixture = new FieldFixture("radd");
    try (Model model = fixture.open()) {
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.batch(k);
        double[] tweedie = fixture.doubles("tweedie_rate." + k);
        double[] euler = fixture.doubles("euler_rate." + k);
        for (int b = 0; b < batch.size(); b++) {
          double u0 = batch.sigma(b);
          double u1 = fixture.doubles("to." + k)[b];
          assertEquals(
              tweedie[b], TauLeaping.TWEEDIE.unmaskProbability(u0, u1, 1), TOLERANCE * tweedie[b]);
          // RADD's step is (t - s) sigma'(t), ours its integral sigma_t - sigma_s.
          double h = fixture.doubles("h." + k)[b];
          assertEquals(
              euler[b], TauLeaping.EULER.unmaskProbability(u0, u0 - h, 1), TOLERANCE * euler[b]);
        }
        double[][] expected = fixture.rows("law." + k, model.config().network().vocabulary());
        double[][] laws = laws(model, batch);
        for (int r = 0; r < laws.length; r++) {
          expected[r][model.config().mask()] = 0; // RADD leaves a raw logit there
          assertEquals(0, deviation(expected[r], laws[r]), TOLERANCE);
        }
      }
    }
  }

  /**
   * SEDD's steps on a masked token. Given that it is revealed, its law is ours; the chance is ours
   * times c, the mean of (V - 1) p over its unnormalised scores, where a right score has c = 1.
   */
  @Test
  void stepsAsSeddAbsorbing() throws IOException {
    FieldFixture fixture = new FieldFixture("sedd-absorb");
    try (Model model = fixture.open()) {
      int mask = model.config().mask();
      double farthest = 0;
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.batch(k);
        double[][] analytic = fixture.rows("analytic." + k, mask + 1);
        double[][] euler = fixture.rows("euler." + k, mask + 1);
        double[][] denoise = fixture.rows("denoise." + k, mask + 1);
        double[][] laws = laws(model, batch);
        double[][] logits = FieldFixture.logits(model, batch);
        for (int r = 0; r < laws.length; r++) {
          if (batch.token(r) != mask) {
            continue;
          }
          int b = r / batch.length();
          double u0 = batch.sigma(b);
          double c = Arrays.stream(logits[r]).map(Math::exp).sum() / mask;
          farthest = Math.max(farthest, Math.abs(c - 1));
          double chance =
              TauLeaping.TWEEDIE.unmaskProbability(u0, fixture.doubles("to." + k)[b], c);
          assertEquals(0, deviation(analytic[r], masked(laws[r], mask, chance)), TOLERANCE);
          double h = fixture.doubles("h." + k)[b];
          chance = Math.min(1, c * h / Math.expm1(u0));
          assertEquals(0, deviation(euler[r], masked(laws[r], mask, chance)), TOLERANCE);
          double sum = Arrays.stream(denoise[r], 0, mask).sum();
          assertEquals(c, sum, TOLERANCE * c);
          denoise[r][mask] = 0; // SEDD cuts it off, too
          double[] last = Arrays.stream(denoise[r]).map(p -> p / sum).toArray();
          assertEquals(0, deviation(last, laws[r]), TOLERANCE);
        }
      }
      assertTrue(farthest > 0.05, "the scores must not be normalised, c - 1 is " + farthest);
    }
  }

  @Test
  void stepsAsSeddUniform() throws IOException {
    FieldFixture fixture = new FieldFixture("sedd-uniform");
    try (Model model = fixture.open()) {
      int symbols = model.config().network().vocabulary();
      for (int k = 0; k < FieldFixture.CASES; k++) {
        compare(fixture, model, "analytic", k, STEP, ReverseKernel.tweedie(), false);
        compare(fixture, model, "denoise", k, 1, ReverseKernel.tweedie(), false);
        compare(fixture, model, "euler", k, STEP, ReverseKernel.eulerInTime(), false);
        // The conversion on the device is that of the reference for plain doubles.
        TokenBatch batch = fixture.batch(k);
        double[][] laws = laws(model, batch);
        double[][] logits = FieldFixture.logits(model, batch);
        for (int r = 0; r < laws.length; r++) {
          double[] score = Arrays.stream(logits[r]).map(Math::exp).toArray();
          score[batch.token(r)] = 1;
          double sigma = batch.sigma(r / batch.length());
          assertArrayEquals(UniformConversions.leaveOneOut(score, sigma).law(), laws[r], 1e-12);
        }
      }
      assertEquals(28, symbols);
    }
  }

  @ParameterizedTest
  @CsvSource({"udlm", "udlm-classes", "duo"})
  void stepsAsUdlmAndDuo(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      for (int k = 0; k < FieldFixture.CASES; k++) {
        compare(fixture, model, "ancestral", k, STEP, ReverseKernel.tweedie(), true);
      }
    }
  }

  /** Steps of a kernel of uniform noise from every row of a case, back by a time or to the data. */
  private static void compare(
      FieldFixture fixture,
      Model model,
      String tensor,
      int k,
      double back,
      ReverseKernel kernel,
      boolean rejecting)
      throws IOException {
    int symbols = model.config().network().vocabulary();
    NoiseProcess process = NoiseProcess.uniform(symbols);
    TokenBatch batch = fixture.batch(k);
    double[][] expected = fixture.rows(tensor + "." + k, symbols);
    double[][] laws = laws(model, batch);
    double wrong = 0;
    for (int r = 0; r < laws.length; r++) {
      double t = TIMES[r / batch.length()];
      NoiseLevel from = SCHEDULE.at(t);
      NoiseLevel to = SCHEDULE.at(Math.max(0, t - back));
      double[] row = kernel.row(process, laws[r], batch.token(r), from, to);
      assertEquals(0, deviation(expected[r], row), TOLERANCE, tensor + " row " + r);
      // The same numbers taken for p(x0 | all tokens) are another law.
      double[] other = UniformConversions.leaveOneOut(laws[r], batch.token(r), from.sigma());
      double[] twin = kernel.row(process, other, batch.token(r), from, to);
      wrong = Math.max(wrong, deviation(expected[r], twin));
    }
    assertTrue(!rejecting || wrong > 100 * TOLERANCE, tensor + ": the wrong law is near: " + wrong);
  }
}
