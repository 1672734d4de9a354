package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a perfect denoiser the model's curve is the law's. */
class ModelCurveTest {
  private static final ExactLaw LAW =
      ExactLaw.hiddenMarkov(
          6,
          new double[] {0.6, 0.4},
          new double[][] {{0.9, 0.1}, {0.2, 0.8}},
          new double[][] {{0.7, 0.2, 0.1}, {0.05, 0.15, 0.8}});

  private static double[] curve(Denoiser oracle, int[] word, int example, int batch) {
    return ModelCurve.of(oracle, word, CurveNodes.all(word.length), example, batch, 5)
        .crossEntropy();
  }

  /**
   * Every value within z standard errors, z for six values at once at a level of 1e-4 (Bonferroni:
   * 4.3), and the sum within four of its own.
   */
  @Test
  void isTheCurveOfTheLaw() {
    InformationCurve exact = LAW.curve().orElseThrow();
    CurveSample sample;
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      sample =
          CurveStudy.of(
                  oracle,
                  IntStream.range(0, 3000).mapToObj(i -> LAW.sample(3, i)).iterator(),
                  CurveNodes.all(6),
                  4,
                  5)
              .crossEntropy();
    }
    InformationCurve curve = sample.curve();
    for (int j = 0; j < 6; j++) {
      double error = (curve.at(j) - exact.at(j)) / curve.standardErrors()[j];
      assertTrue(
          Math.abs(error) < 4.3, String.format(Locale.ROOT, "h(%d) is off by %s errors", j, error));
    }
    Estimate sum = sample.estimate(Functional.ENTROPY);
    assertEquals(exact.entropy(), sum.mean(), 4 * sum.standardError());
    assertTrue(sum.standardError() < 0.05);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5, 6, 100})
  void theBatchChangesNothing(int batch) {
    int[] word = LAW.sample(3, 0);
    try (Denoiser oracle = new OracleDenoiser(LAW)) {
      double[] expected = curve(oracle, word, 9, 3);
      assertArrayEquals(expected, curve(oracle, word, 9, batch), 1e-15);
    }
  }

  /** The last value is about one hidden token given all others. */
  @Test
  void endsWithTheConditionalOfOneToken() {
    ExactLaw parity = ExactLaw.zeroSum(4, 3);
    try (Denoiser oracle = new OracleDenoiser(parity)) {
      double[] curve = curve(oracle, parity.sample(3, 0), 0, 4);
      double free = Math.log(3);
      assertArrayEquals(new double[] {free, free, free, 0}, curve, 1e-12);
    }
  }

  @Test
  void oneTokenHasOneValue() {
    ExactLaw coin = ExactLaw.product(new double[][] {{0.25, 0.75}});
    try (Denoiser oracle = new OracleDenoiser(coin)) {
      double[] curve = curve(oracle, new int[] {0}, 0, 4);
      assertArrayEquals(new double[] {Math.log(4)}, curve, 1e-15);
    }
  }
}
