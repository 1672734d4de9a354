package io.github.dllm4j.engine.denoise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UniformConversionsTest {
  private static final double[] LOO = {0.5, 0, 0.3, 0.2};

  @ParameterizedTest
  @ValueSource(doubles = {1e-9, 0.01, 0.3, 1, 5, 12})
  void everyWayRoundIsTheIdentity(double sigma) {
    for (int x = 0; x < LOO.length; x++) {
      double[] denoiser = UniformConversions.denoiser(LOO, x, sigma);
      assertEquals(1, Arrays.stream(denoiser).sum(), 1e-14);
      assertArrayEquals(LOO, UniformConversions.leaveOneOut(denoiser, x, sigma), 1e-14);
      double[] score = UniformConversions.score(LOO, x, sigma);
      assertEquals(1, score[x]);
      UniformConversions.FromScore back = UniformConversions.leaveOneOut(score, sigma);
      assertArrayEquals(LOO, back.law(), 1e-15 * Math.exp(sigma));
      assertEquals(0, back.clipped());
    }
  }

  /** Bayes by hand: P(x0 = b, x = 2) with alpha = 1/2 and S = 4. */
  @Test
  void theDenoiserIsBayes() {
    double[] joint = {0.5 * 0.125, 0, 0.3 * 0.625, 0.2 * 0.125};
    double total = Arrays.stream(joint).sum();
    double[] law = UniformConversions.denoiser(LOO, 2, Math.log(2));
    for (int b = 0; b < 4; b++) {
      assertEquals(joint[b] / total, law[b], 1e-15);
    }
  }

  @Test
  void limits() {
    assertArrayEquals(LOO, UniformConversions.denoiser(LOO, 1, Double.POSITIVE_INFINITY), 1e-15);
    assertArrayEquals(new double[] {0, 0, 1, 0}, UniformConversions.denoiser(LOO, 2, 0));
    assertArrayEquals(new double[] {0, 1, 0, 0}, UniformConversions.denoiser(LOO, 1, 0));
    assertArrayEquals(LOO, UniformConversions.conditional(LOO, 0));
    double[] flat = {0.25, 0.25, 0.25, 0.25};
    assertArrayEquals(flat, UniformConversions.conditional(LOO, Double.POSITIVE_INFINITY));
  }

  @Test
  void aScoreWhoseMeaningIsRoundedAwayIsUniform() {
    for (double sigma : new double[] {40, 100, 699}) {
      UniformConversions.FromScore made =
          UniformConversions.leaveOneOut(UniformConversions.score(LOO, 0, sigma), sigma);
      assertEquals(1, Arrays.stream(made.law()).sum(), 1e-15, "sigma " + sigma);
    }
    assertArrayEquals(
        new double[] {0.5, 0.5}, UniformConversions.leaveOneOut(new double[] {1, 1}, 40).law());
  }

  /** A score whose second entry asks for less than the noise alone would give. */
  @Test
  void impossibleScoresAreClippedAndCounted() {
    double[] score = {1, 0.001, 0.9, 0.8};
    UniformConversions.FromScore made = UniformConversions.leaveOneOut(score, 1);
    assertEquals(1, made.clipped());
    assertEquals(0, made.law()[1]);
    assertEquals(1, Arrays.stream(made.law()).sum(), 1e-15);
    assertTrue(made.law()[0] > made.law()[2]);
  }

  @Test
  void refusesWhatHasNoAnswer() {
    assertThrows(IllegalArgumentException.class, () -> UniformConversions.leaveOneOut(LOO, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> UniformConversions.score(LOO, 0, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> UniformConversions.leaveOneOut(LOO, Double.POSITIVE_INFINITY));
    assertThrows(
        IllegalArgumentException.class,
        () -> UniformConversions.leaveOneOut(new double[] {1, -0.1}, 1));
    assertThrows(IllegalArgumentException.class, () -> UniformConversions.denoiser(LOO, 0, -1));
    assertThrows(IndexOutOfBoundsException.class, () -> UniformConversions.denoiser(LOO, 4, 1));
  }
}
