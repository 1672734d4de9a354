package io.github.dllm4j.engine.denoise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What every denoiser must do; an implementation adds only a denoiser and a length it takes. */
public abstract class DenoiserContractTest {

  /** The denoiser under test; the test closes it. */
  protected abstract Denoiser denoiser();

  /** A length it accepts. */
  protected abstract int length();

  /** Relative deviation allowed between two evaluations of the same row; 1e-5 for float32. */
  protected abstract double tolerance();

  /** Two sequences, the first with everything noised, the second with some tokens clean. */
  private TokenBatch batch(Denoiser denoiser) {
    int noise = denoiser.mask().orElse(0);
    int[] tokens = new int[2 * length()];
    Arrays.fill(tokens, noise);
    for (int i = 0; i < length(); i += 2) {
      tokens[length() + i] = noise == 0 ? 1 : 0;
    }
    return TokenBatch.of(length(), tokens, new double[] {Double.POSITIVE_INFINITY, Math.log(2)});
  }

  @Test
  void lawsSumToOneAndExcludeMask() {
    try (Denoiser denoiser = denoiser()) {
      TokenBatch batch = batch(denoiser);
      try (TokenLaws laws = denoiser.predict(batch, Rows.all(batch))) {
        assertEquals(2 * length(), laws.rows());
        assertEquals(denoiser.vocabulary(), laws.vocabulary());
        for (double[] law : laws.toArray()) {
          assertEquals(1, Arrays.stream(law).sum(), Math.max(1e-12, tolerance()));
          denoiser.mask().ifPresent(mask -> assertEquals(0, law[mask]));
        }
      }
    }
  }

  @Test
  void aRowDependsNeitherOnTheOtherRowsNorOnTheBatch() {
    try (Denoiser denoiser = denoiser()) {
      TokenBatch batch = batch(denoiser);
      int last = length() - 1;
      int[] alone = Arrays.copyOfRange(batch.toArray(), length(), 2 * length());
      TokenBatch second = TokenBatch.of(length(), alone, new double[] {batch.sigma(1)});
      try (TokenLaws all = denoiser.predict(batch, Rows.all(batch));
          TokenLaws one = denoiser.predict(second, Rows.of(new int[] {last}))) {
        assertLaw(all.toArray()[length() + last], one.toArray()[0]);
      }
    }
  }

  @Test
  void sameInputSameOutput() {
    try (Denoiser denoiser = denoiser()) {
      TokenBatch batch = batch(denoiser);
      try (TokenLaws first = denoiser.predict(batch, Rows.all(batch));
          TokenLaws second = denoiser.predict(batch, Rows.all(batch))) {
        double[][] expected = first.toArray();
        for (int r = 0; r < expected.length; r++) {
          assertArrayEquals(expected[r], second.toArray()[r]);
        }
      }
    }
  }

  @Test
  void refusesRowsAndIdsOutOfRange() {
    try (Denoiser denoiser = denoiser()) {
      TokenBatch batch = batch(denoiser);
      Rows outside = Rows.of(new int[] {2 * length()});
      assertThrows(IllegalArgumentException.class, () -> denoiser.predict(batch, outside));
      int[] unknown = new int[length()];
      Arrays.fill(unknown, denoiser.vocabulary());
      TokenBatch bad = TokenBatch.of(length(), unknown, new double[] {1});
      assertThrows(
          IllegalArgumentException.class, () -> denoiser.predict(bad, Rows.of(new int[] {0})));
    }
  }

  private void assertLaw(double[] expected, double[] actual) {
    for (int v = 0; v < expected.length; v++) {
      assertEquals(expected[v], actual[v], tolerance() * expected[v], "id " + v);
    }
  }
}
