package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * The laws of a sequence are the same to the last bit in every company and with any rows beside
 * them, so that requests can share a call without changing each other. That is a fact about the
 * matrix library on this machine, in float32, with up to 8 threads, and not a promise of PyTorch's:
 * products of fewer than 16 rows are avoided ({@code dit.py}, repeated), as they differ here, and
 * weights are packed ({@code mkl.py}).
 */
class SameBitsTest {
  private static final int SEQUENCES = 5;

  @Test
  void lawsDoNotDependOnTheirCompany() throws IOException {
    try (Model model = Model.bundled(ModelOptions.DEFAULT)) {
      for (int length : new int[] {3, 24}) {
        int[] tokens = new int[SEQUENCES * length];
        for (int i = 0; i < tokens.length; i++) {
          boolean hole = KeyedRandom.uniform(1, 0, 0, i, Purpose.DRAW) < 0.5;
          int id = (int) (2000 * KeyedRandom.uniform(2, 0, 0, i, Purpose.DRAW));
          tokens[i] = hole ? model.config().mask() : id;
        }
        double[][] all = laws(model, length, tokens, 0, SEQUENCES, length);
        for (int count : new int[] {1, 2, 3}) {
          for (int rows : new int[] {1, 2, length}) {
            double[][] few = laws(model, length, tokens, 1, count, rows);
            for (int r = 0; r < few.length; r++) {
              assertArrayEquals(all[length + r / rows * length + r % rows], few[r]);
            }
          }
        }
      }
    }
  }

  /** The laws of the first rows of some sequences. */
  private static double[][] laws(
      Model model, int length, int[] tokens, int first, int count, int rows) {
    int[] own = Arrays.copyOfRange(tokens, first * length, (first + count) * length);
    double[] sigmas = new double[count];
    Arrays.fill(sigmas, 0.7);
    int[] wanted =
        IntStream.range(0, count * rows).map(r -> r / rows * length + r % rows).toArray();
    try (TokenLaws laws =
        model.denoiser().predict(TokenBatch.of(length, own, sigmas), Rows.of(wanted))) {
      return laws.toArray();
    }
  }
}
