package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program against plain double loops, and the folding of time modules. */
class ForwardPassTest {

  /** Logits up to a constant per row: log-probabilities, [rows][V], of production code. */
  static double[][] logLaws(TransformerDenoiser denoiser, TokenBatch batch, Rows rows) {
    try (TokenLaws laws = denoiser.predict(batch, rows)) {
      double[][] p = laws.toArray();
      for (double[] row : p) {
        Arrays.setAll(row, v -> Math.log(row[v]));
      }
      return p;
    }
  }

  /** Log-probabilities of every row of a batch by the reference, MASK excluded. */
  private static double[][] expected(
      NetworkShape shape, float[][] weights, TokenBatch batch, double largestSigma) {
    ReferenceTransformer reference = new ReferenceTransformer(shape, weights);
    double[][] all = new double[batch.size() * batch.length()][];
    for (int b = 0; b < batch.size(); b++) {
      int from = b * batch.length();
      int[] tokens = Arrays.copyOfRange(batch.toArray(), from, from + batch.length());
      double[][] logits = reference.logits(tokens, Math.min(largestSigma, batch.sigma(b)));
      for (int i = 0; i < logits.length; i++) {
        double[] row = logits[i];
        double[] law = new double[row.length];
        Arrays.setAll(law, v -> -reference.loss(row, v, Tiny.MASK, false));
        law[Tiny.MASK] = Double.NEGATIVE_INFINITY;
        all[from + i] = law;
      }
    }
    return all;
  }

  /** Deviation relative to the spread of the row's logits, as logits are known up to a constant. */
  static double deviation(double[][] expected, double[][] actual) {
    double largest = 0;
    for (int r = 0; r < expected.length; r++) {
      double scale = 1;
      for (double v : expected[r]) {
        scale = v == Double.NEGATIVE_INFINITY ? scale : Math.max(scale, Math.abs(v));
      }
      for (int v = 0; v < expected[r].length; v++) {
        if (expected[r][v] == Double.NEGATIVE_INFINITY) {
          assertEquals(expected[r][v], actual[r][v]);
        } else {
          largest = Math.max(largest, Math.abs(expected[r][v] - actual[r][v]) / scale);
        }
      }
    }
    return largest;
  }

  @ParameterizedTest
  @CsvSource({
    "false, false, FP32, 1e-4", "false, true, FP32, 1e-4",
    "true, false, FP32, 1e-4", "true, true, FP32, 1e-4",
    "false, false, BF16, 3e-2", "true, true, BF16, 3e-2"
  })
  void agreesWithTheReference(boolean time, boolean bias, Precision precision, double tolerance) {
    NetworkShape shape = Tiny.shape(time, bias);
    TokenBatch batch = Tiny.batch(4, 3);
    try (TransformerDenoiser denoiser = Tiny.denoiser(shape, precision)) {
      double[][] actual = logLaws(denoiser, batch, Rows.all(batch));
      double[][] expected =
          expected(shape, Tiny.weights(shape, 11), batch, TransformerDenoiser.LARGEST_SIGMA);
      double deviation = deviation(expected, actual);
      assertTrue(deviation <= tolerance, "deviation " + deviation);
    }
  }

  @Test
  void theHeadAnswersForTheRowsAsked() {
    NetworkShape shape = Tiny.shape(true, false);
    TokenBatch batch = Tiny.batch(3, 5);
    int[] some = {1, 4, 5, 13};
    try (TransformerDenoiser denoiser = Tiny.denoiser(shape, Precision.FP32)) {
      double[][] all = logLaws(denoiser, batch, Rows.all(batch));
      double[][] rows = logLaws(denoiser, batch, Rows.of(some));
      for (int r = 0; r < some.length; r++) {
        assertArrayEquals(all[some[r]], rows[r], 1e-5);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"false, FP32", "true, FP32", "true, BF16"})
  void rowsDoNotDependOnBatchMates(boolean time, Precision precision) {
    TokenBatch batch = Tiny.batch(6, 9);
    try (TransformerDenoiser denoiser = Tiny.denoiser(Tiny.shape(time, false), precision)) {
      double[][] all = logLaws(denoiser, batch, Rows.all(batch));
      for (int b = 0; b < batch.size(); b++) {
        int from = b * Tiny.LENGTH;
        int[] own = Arrays.copyOfRange(batch.toArray(), from, from + Tiny.LENGTH);
        TokenBatch alone = TokenBatch.of(Tiny.LENGTH, own, new double[] {batch.sigma(b)});
        double[][] one = logLaws(denoiser, alone, Rows.all(alone));
        double[][] same = Arrays.copyOfRange(all, from, from + Tiny.LENGTH);
        double allowed = precision == Precision.FP32 ? 1e-5 : 1e-2;
        assertTrue(deviation(same, one) <= allowed, "sequence " + b);
      }
    }
  }

  @Test
  void onlyTimeModulesSeeTheNoiseLevel() {
    int[] tokens = {0, Tiny.MASK, 2, Tiny.MASK, 4};
    TokenBatch low = TokenBatch.of(Tiny.LENGTH, tokens, new double[] {0.3});
    TokenBatch high = TokenBatch.of(Tiny.LENGTH, tokens, new double[] {2});
    for (boolean time : new boolean[] {false, true}) {
      try (TransformerDenoiser denoiser = Tiny.denoiser(Tiny.shape(time, false), Precision.FP32)) {
        double[][] first = logLaws(denoiser, low, Rows.all(low));
        double difference = deviation(first, logLaws(denoiser, high, Rows.all(high)));
        assertTrue(time ? difference > 1e-2 : difference == 0, "difference " + difference);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void foldedTimeModulesChangeNothingAtNoiseZero(boolean bias) {
    NetworkShape shape = Tiny.shape(true, bias);
    TokenBatch noisy = Tiny.batch(4, 21);
    TokenBatch still = TokenBatch.of(Tiny.LENGTH, noisy.toArray(), new double[4]);
    try (TransformerDenoiser whole = Tiny.denoiser(shape, Precision.FP32);
        TransformerDenoiser folded =
            TransformerDenoiser.owning(
                Tiny.network(shape, Tiny.weights(shape, 11)).withoutTime(),
                Precision.FP32,
                Tiny.MASK,
                Representation.DENOISER)) {
      assertEquals(Tiny.shape(false, true), folded.shape());
      double[][] expected = logLaws(whole, still, Rows.all(still));
      double[][] actual = logLaws(folded, noisy, Rows.all(noisy));
      double deviation = deviation(expected, actual);
      assertTrue(deviation <= 1e-5, "deviation " + deviation);
    }
  }
}
