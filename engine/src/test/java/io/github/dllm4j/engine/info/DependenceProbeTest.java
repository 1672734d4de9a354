package io.github.dllm4j.engine.info;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.DependenceKernel;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Dependence by distance of laws where it is known. */
class DependenceProbeTest {
  private static DependenceKernel measured(ExactLaw law, int samples) {
    Canvas blank = Canvas.blank(law.length(), law.symbols());
    return DependenceProbe.ofSamples(new OracleDenoiser(law), blank, samples, 3);
  }

  @Test
  void oneKnownTokenPartsAMarkovChain() {
    DependenceKernel kernel = measured(ExactLaw.potts(32, 3, 1.5), 64);
    double[][] shares = kernel.shares();
    assertTrue(shares[0][0] > 0.15, kernel + ": neighbours");
    assertTrue(shares[0][1] < shares[0][0] / 2, kernel + ": next but one");
    for (int known = 1; known < shares.length; known++) {
      assertTrue(Arrays.stream(shares[known]).allMatch(s -> s < 1e-12), "parted by " + known);
    }
    for (double[] row : shares) {
      for (int g = 1; g < row.length; g++) {
        assertTrue(row[g] <= row[g - 1], "not increasing");
      }
    }
  }

  @Test
  void independentTokensShareNothingAndCopiesAll() {
    double[][] fair = {{0.5, 0.5}, {0.2, 0.8}, {0.4, 0.6}, {0.5, 0.5}};
    assertEquals(0, measured(ExactLaw.product(fair), 4).share(1, 0), 1e-12);
    int[][] words = {{0, 0, 0, 0}, {1, 1, 1, 1}};
    ExactLaw copies = ExactLaw.diracMixture(words, new double[] {0.5, 0.5}, 2);
    assertEquals(1, measured(copies, 4).share(3, 0), 1e-12);
  }

  private static double ofBlocks(ExactLaw law, ExactLaw text) {
    List<int[]> blocks = IntStream.range(0, 400).mapToObj(s -> text.sample(11, s)).toList();
    return DependenceProbe.ofBlocks(new OracleDenoiser(law), blocks, 5).share(1, 0);
  }

  /**
   * On words of the law itself both ways estimate the same; the wrong twin, words of another law,
   * is further away than they may differ.
   */
  @Test
  void blocksAndSamplesAgree() {
    ExactLaw law = ExactLaw.potts(16, 3, 1.5);
    double samples = measured(law, 400).share(1, 0);
    assertEquals(samples, ofBlocks(law, law), 0.03);
    double others = ofBlocks(law, ExactLaw.potts(16, 3, 9));
    assertTrue(Math.abs(samples - others) > 0.03, samples + " " + others);
  }

  @Test
  void dependsOnTheSeedAlone() {
    ExactLaw law = ExactLaw.potts(6, 3, 1);
    assertArrayEquals(measured(law, 3).shares(), measured(law, 3).shares());
    assertThrows(IllegalArgumentException.class, () -> measured(law, 0));
  }
}
