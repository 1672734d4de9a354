package io.github.dllm4j.engine.denoise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.dllm4j.engine.ctmc.Line;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The view of a denoiser's laws against laws converted one by one. */
class LeaveOneOutLawsTest {
  private static final int ROWS = 300;
  private static final int VOCABULARY = 11;

  private final Random random = new Random(5);
  private final int[] noisy = random.ints(ROWS, 0, VOCABULARY).toArray();
  private final double[] sigmas = random.doubles(ROWS, 1e-3, 5).toArray();
  private final double[][] laws =
      IntStream.range(0, ROWS).mapToObj(r -> law()).toArray(double[][]::new);

  private double[] law() {
    double[] law = random.doubles(VOCABULARY).map(u -> u < 0.3 ? 0 : u).toArray();
    law[random.nextInt(VOCABULARY)] += 0.1;
    double total = Arrays.stream(law).sum();
    return Arrays.stream(law).map(p -> p / total).toArray();
  }

  private TokenLaws view() {
    return new LeaveOneOutLaws(HeapLaws.of(laws), noisy, sigmas);
  }

  private HeapLaws converted() {
    double[][] rows = new double[ROWS][];
    Arrays.setAll(rows, r -> UniformConversions.leaveOneOut(laws[r], noisy[r], sigmas[r]));
    return HeapLaws.of(rows);
  }

  @Test
  void answersAreThoseOfConvertedLaws() {
    double[] uniforms = random.doubles(ROWS).toArray();
    int[] others = random.ints(ROWS, 0, VOCABULARY).toArray();
    HeapLaws expected = converted();
    assertArrayEquals(expected.probabilityOf(noisy), view().probabilityOf(noisy), 1e-14);
    assertArrayEquals(expected.probabilityOf(others), view().probabilityOf(others), 1e-14);
    assertArrayEquals(expected.draw(uniforms), view().draw(uniforms));
    assertArrayEquals(expected.argmax(), view().argmax());
    assertArrayEquals(expected.margin(), view().margin(), 1e-14);
    assertArrayEquals(expected.entropyNats(), view().entropyNats(), 1e-13);
    assertArrayEquals(expected.sumLogOnePlus(uniforms), view().sumLogOnePlus(uniforms), 1e-13);
    assertArrayEquals(
        expected.shaped(0.7, 0.9).draw(uniforms), view().shaped(0.7, 0.9).draw(uniforms));
    for (int r = 0; r < ROWS; r++) {
      assertArrayEquals(expected.toArray()[r], view().shaped(1, 1).toArray(r, r + 1)[0], 1e-14);
    }
  }

  /** A network that hears no more than sigma 2 says the laws of 2, whatever it is told. */
  @Test
  void lawsAreConvertedAtTheNoiseThatIsHeard() {
    double[] law = {0.7, 0.2, 0.1};
    for (double most : new double[] {2, Double.POSITIVE_INFINITY}) {
      Denoiser deaf =
          new Denoiser() {
            @Override
            public int vocabulary() {
              return 3;
            }

            @Override
            public OptionalInt mask() {
              return OptionalInt.empty();
            }

            @Override
            public Representation representation() {
              return Representation.DENOISER;
            }

            @Override
            public TokenLaws predict(TokenBatch batch, Rows rows) {
              return HeapLaws.of(new double[][] {law});
            }

            @Override
            public double heard(double sigma) {
              return Math.min(sigma, most);
            }
          };
      TokenBatch batch = TokenBatch.of(1, new int[] {1}, new double[] {5});
      assertArrayEquals(
          UniformConversions.leaveOneOut(law, 1, Math.min(5, most)),
          LeaveOneOut.of(deaf).predict(batch, Rows.of(new int[] {0})).toArray()[0],
          1e-14);
    }
  }

  /** Of what losses and steps ask, nothing brings laws to the heap. */
  @Test
  void lawsStayWhereTheyAre() {
    HeapLaws inner = HeapLaws.of(laws);
    TokenLaws elsewhere =
        (TokenLaws)
            java.lang.reflect.Proxy.newProxyInstance(
                TokenLaws.class.getClassLoader(),
                new Class<?>[] {TokenLaws.class},
                (self, method, arguments) -> {
                  if (method.getName().equals("toArray")) {
                    throw new AssertionError("laws were brought to the heap");
                  }
                  return method.invoke(inner, arguments);
                });
    TokenLaws view = new LeaveOneOutLaws(elsewhere, noisy, sigmas);
    double[] odds = random.doubles(ROWS, 0, 1e6).toArray();
    int[] others = random.ints(ROWS, 0, VOCABULARY).toArray();
    assertArrayEquals(converted().probabilityOf(others), view.probabilityOf(others), 1e-14);
    assertArrayEquals(converted().sumLogOnePlus(odds), view.sumLogOnePlus(odds), 1e-11);
    assertThrows(AssertionError.class, view::argmax);
  }

  @Test
  void drawsFromLinesOfConvertedLaws() {
    double[] uniforms = random.doubles(ROWS).toArray();
    List<Line> lines =
        random.doubles(ROWS).mapToObj(u -> new Line(u, u / 5, u < 0.5 ? 0 : u)).toList();
    assertArrayEquals(
        converted().draw(noisy, lines, uniforms), view().draw(noisy, lines, uniforms));
    int[] others = random.ints(ROWS, 0, VOCABULARY).toArray();
    assertArrayEquals(
        converted().draw(others, lines, uniforms), view().draw(others, lines, uniforms));
  }
}
