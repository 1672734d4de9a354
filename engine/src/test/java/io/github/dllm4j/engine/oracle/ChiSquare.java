package io.github.dllm4j.engine.oracle;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.commons.statistics.inference.ChiSquareTest;
import org.junit.jupiter.api.Assertions;

/** Chi-square test of counts against a law, with rare classes pooled. */
public final class ChiSquare {
  private ChiSquare() {}

  /** Classes that each expect at least 5, and the count that the law says is impossible. */
  private record Pooled(double[] expected, long[] observed, long offSupport) {}

  /** Pools the rarest classes until each expects at least 5. */
  private static Pooled pool(double[] law, long[] observed, int n) {
    int[] order =
        IntStream.range(0, law.length)
            .boxed()
            .sorted(Comparator.comparingDouble(x -> law[x]))
            .mapToInt(x -> x)
            .toArray();
    DoubleStream.Builder expected = DoubleStream.builder();
    LongStream.Builder counts = LongStream.builder();
    long offSupport = 0;
    double e = 0;
    long o = 0;
    double left = Arrays.stream(law).sum() * n;
    for (int x : order) {
      if (law[x] == 0) {
        offSupport += observed[x];
        continue;
      }
      e += law[x] * n;
      o += observed[x];
      left -= law[x] * n;
      if (e >= 5 && (left >= 5 || left < 1e-6)) {
        expected.add(e);
        counts.add(o);
        e = 0;
        o = 0;
      }
    }
    return new Pooled(expected.build().toArray(), counts.build().toArray(), offSupport);
  }

  /**
   * The p-value of counts under a law; 0 if something impossible was seen. The test itself scales
   * what is expected to what was observed, so a law that does not sum to 1 is refused here.
   */
  public static double pValue(double[] law, long[] observed) {
    Assertions.assertEquals(1, Arrays.stream(law).sum(), 1e-9, "a law must sum to 1");
    int n = (int) Arrays.stream(observed).sum();
    Pooled pooled = pool(law, observed, n);
    if (pooled.offSupport > 0) {
      return 0;
    }
    return ChiSquareTest.withDefaults().test(pooled.expected, pooled.observed).getPValue();
  }
}
