package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.dllm4j.engine.ctmc.Line;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.oracle.ChiSquare;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Laws on the device against laws on the heap. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceLawsTest {
  private static final float NONE = Float.NEGATIVE_INFINITY;
  private static final double ALMOST_ONE = Math.nextDown(1.0);

  private NDManager root;
  private Program program;

  @BeforeAll
  void load() {
    PyTorch.setThreads(1);
    root = PyTorch.newManager("cpu");
    program = Program.load(root);
  }

  @AfterAll
  void unload() {
    root.close();
  }

  private DeviceLaws device(float[][] logits) {
    NDManager manager = root.newSubManager();
    float[] flat = new float[logits.length * logits[0].length];
    for (int r = 0; r < logits.length; r++) {
      System.arraycopy(logits[r], 0, flat, r * logits[0].length, logits[r].length);
    }
    Shape shape = new Shape(logits.length, logits[0].length);
    return DeviceLaws.ofLogits(program, manager, manager.create(flat, shape));
  }

  /** The softmax of logits in double. */
  private static HeapLaws heap(float[][] logits) {
    double[][] laws = new double[logits.length][logits[0].length];
    for (int r = 0; r < logits.length; r++) {
      double largest = Double.NEGATIVE_INFINITY;
      for (float logit : logits[r]) {
        largest = Math.max(largest, logit);
      }
      double sum = 0;
      for (int v = 0; v < laws[r].length; v++) {
        laws[r][v] = Math.exp(logits[r][v] - largest);
        sum += laws[r][v];
      }
      for (int v = 0; v < laws[r].length; v++) {
        laws[r][v] /= sum;
      }
    }
    return HeapLaws.of(laws);
  }

  /** Random logits of very different spreads, a third of them -infinity; never a whole row. */
  private static float[][] random(int rows, int vocabulary, long seed) {
    Random random = new Random(seed);
    float[][] logits = new float[rows][vocabulary];
    for (float[] row : logits) {
      double spread = Math.pow(10, 3 * random.nextDouble() - 1);
      for (int v = 0; v < vocabulary; v++) {
        row[v] = random.nextInt(3) == 0 ? NONE : (float) (spread * random.nextGaussian());
      }
      row[random.nextInt(vocabulary)] = (float) spread;
    }
    return logits;
  }

  private static void assertSame(double[] expected, double[] actual, double tolerance) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
      if (Double.isInfinite(expected[i])) {
        assertEquals(expected[i], actual[i]);
      } else {
        assertEquals(expected[i], actual[i], allowed, "entry " + i);
      }
    }
  }

  /** Everything one can ask of laws, except draws. */
  private static void assertSameLaws(TokenLaws expected, TokenLaws actual) {
    int[] tokens = new int[expected.rows()];
    for (int v = 0; v < expected.vocabulary(); v++) {
      Arrays.fill(tokens, v);
      assertSame(expected.probabilityOf(tokens), actual.probabilityOf(tokens), 1e-13);
      double[] logs = actual.logProbabilityOf(tokens);
      double[] wanted = expected.logProbabilityOf(tokens);
      for (int r = 0; r < logs.length; r++) {
        if (wanted[r] > -700) { // below, the heap's probability underflows
          assertEquals(wanted[r], logs[r], 1e-12 * Math.max(1, -wanted[r]));
        }
      }
    }
    assertArrayEquals(expected.argmax(), actual.argmax());
    assertSame(expected.maxProbability(), actual.maxProbability(), 1e-13);
    assertSame(expected.margin(), actual.margin(), 1e-13);
    assertSame(expected.entropyNats(), actual.entropyNats(), 1e-13);
    double[][] law = expected.toArray();
    for (int r = 0; r < law.length; r++) {
      assertSame(law[r], actual.toArray()[r], 1e-13);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 17, 300})
  void agreesWithTheHeap(int vocabulary) {
    float[][] logits = random(40, vocabulary, vocabulary);
    try (DeviceLaws device = device(logits)) {
      assertSameLaws(heap(logits), device);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "0.7, 1", "1.3, 1", "1e-3, 1", "1e-300, 1", "1e6, 1", "1, 0.9", "1, 1e-9"})
  void shapedAgreesWithTheHeap(double temperature, double topP) {
    float[][] logits = random(40, 23, 5);
    try (DeviceLaws device = device(logits)) {
      assertSameLaws(heap(logits).shaped(temperature, topP), device.shaped(temperature, topP));
    }
  }

  @Test
  void temperatureOneAndTopPOneChangeNothing() {
    float[][] logits = random(10, 23, 8);
    try (DeviceLaws device = device(logits);
        TokenLaws shaped = device.shaped(1, 1)) {
      assertArrayEquals(device.toArray(), shaped.toArray());
    }
  }

  @Test
  void nucleusKeepsTheCrossingTokenAndTheLowerAmongEquals() {
    float[][] logits = {{0, 0, 0, 0}, {NONE, 0, NONE, 0}, {0, 1, 2, 3}};
    HeapLaws heap = heap(logits);
    try (DeviceLaws device = device(logits)) {
      for (double topP : new double[] {1e-300, 0.25, 0.2500001, 0.5, 0.75, 0.9, ALMOST_ONE}) {
        assertSameLaws(heap.shaped(1, topP), device.shaped(1, topP));
      }
      assertArrayEquals(new double[] {1, 0, 0, 0}, device.shaped(1, 0.25).toArray()[0], 1e-15);
      assertArrayEquals(new double[] {0, 1, 0, 0}, device.shaped(1, 0.5).toArray()[1], 1e-15);
    }
  }

  @Test
  void refusesWhatTheHeapRefuses() {
    try (DeviceLaws laws = device(new float[][] {{0, 1}, {1, 0}})) {
      for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
        assertThrows(IllegalArgumentException.class, () -> laws.shaped(bad, 1));
      }
      for (double bad : new double[] {0, 1.5, Double.NaN}) {
        assertThrows(IllegalArgumentException.class, () -> laws.shaped(1, bad));
      }
      assertThrows(IllegalArgumentException.class, () -> laws.draw(new double[] {0.5}));
      assertThrows(IllegalArgumentException.class, () -> laws.probabilityOf(new int[] {0}));
      assertThrows(IllegalArgumentException.class, () -> laws.probabilityOf(new int[] {0, 2}));
      assertThrows(IllegalArgumentException.class, () -> laws.probabilityOf(new int[] {-1, 0}));
    }
  }

  @Test
  void refusesLogitsThatAreNoLaw() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      refusesEveryQuestion(new float[][] {{0, 1, 2}, {1, 2, bad}});
    }
    refusesEveryQuestion(new float[][] {{0, 1}, {NONE, NONE}});
    float[][] wide = random(2, 700, 3);
    wide[1][600] = Float.NaN;
    refusesEveryQuestion(wide);
  }

  private void refusesEveryQuestion(float[][] logits) {
    try (DeviceLaws laws = device(logits)) {
      double[] halves = {0.5, 0.5};
      for (Runnable question :
          List.<Runnable>of(
              () -> laws.draw(halves),
              () -> laws.shaped(0.5, 0.9).draw(halves),
              laws::argmax,
              laws::maxProbability,
              laws::margin,
              laws::entropyNats,
              () -> laws.sumLogOnePlus(halves),
              () -> laws.probabilityOf(new int[] {0, 0}),
              laws::toArray)) {
        assertThrows(IllegalStateException.class, question::run);
      }
    }
  }

  /** Two levels of the inverse CDF: blocks of 256 ids, the last of them not full. */
  @ParameterizedTest
  @ValueSource(ints = {512, 513, 768, 1000})
  void drawsFromManyBlocksAsFromOne(int vocabulary) {
    float[][] logits = random(300, vocabulary, vocabulary);
    for (int v = 256; v < 512; v++) {
      logits[0][v] = NONE; // a block of nothing
    }
    HeapLaws heap = heap(logits);
    Random random = new Random(37);
    try (DeviceLaws device = device(logits)) {
      double[][] laws = device.toArray();
      for (double u : new double[] {0, 0x1p-53, ALMOST_ONE}) {
        double[] same = new double[300];
        Arrays.fill(same, u);
        int[] drawn = device.draw(same);
        for (int r = 0; r < drawn.length; r++) {
          assertTrue(laws[r][drawn[r]] > 0, "row " + r + " drew " + drawn[r]);
        }
      }
      for (int i = 0; i < 3; i++) {
        double[] uniforms = random.doubles(300).toArray();
        assertArrayEquals(heap.draw(uniforms), device.draw(uniforms));
        assertArrayEquals(
            heap.shaped(0.8, 0.9).draw(uniforms), device.shaped(0.8, 0.9).draw(uniforms));
      }
    }
  }

  @Test
  void drawsFromLinesLikeTheHeap() {
    float[][] logits = random(200, 700, 41);
    Random random = new Random(43);
    int[] own = random.ints(200, 0, 700).toArray();
    double[] uniforms = random.doubles(200).toArray();
    List<Line> lines =
        random
            .doubles(200)
            .mapToObj(u -> new Line(u, u < 0.3 ? 0 : u / 1000, u < 0.5 ? 0 : 1))
            .toList();
    HeapLaws heap = heap(logits);
    try (DeviceLaws device = device(logits)) {
      int[] drawn = device.draw(own, lines, uniforms);
      assertArrayEquals(heap.draw(own, lines, uniforms), drawn);
      assertTrue(IntStream.range(0, 200).anyMatch(r -> drawn[r] == own[r]));
      assertTrue(IntStream.range(0, 200).anyMatch(r -> drawn[r] != own[r]));
    }
  }

  @Test
  void drawsLikeTheHeapAndNeverTheImpossible() {
    float[][] logits = random(500, 37, 13);
    HeapLaws heap = heap(logits);
    Random random = new Random(17);
    try (DeviceLaws device = device(logits)) {
      double[][] laws = device.toArray();
      double[][] uniforms = new double[5][500];
      Arrays.setAll(uniforms[1], i -> random.nextDouble());
      Arrays.setAll(uniforms[2], i -> random.nextDouble());
      Arrays.fill(uniforms[3], ALMOST_ONE);
      Arrays.fill(uniforms[4], 0x1p-53);
      for (int k = 0; k < uniforms.length; k++) {
        int[] drawn = device.draw(uniforms[k]);
        for (int r = 0; r < drawn.length; r++) {
          assertTrue(laws[r][drawn[r]] > 0, "row " + r + " drew " + drawn[r]);
        }
        if (k < 3) { // the last two are within rounding of steps of the CDF
          assertArrayEquals(heap.draw(uniforms[k]), drawn);
        }
      }
    }
  }

  @Test
  void everyUniformDrawsAPossibleToken() {
    float[][] logits = {{NONE, 0, NONE}, {NONE, NONE, 0}, {0, NONE, NONE}, {NONE, -90, 0}};
    try (DeviceLaws laws = device(logits)) {
      for (double u : new double[] {0, Double.MIN_VALUE, 0x1p-53, 0.5, ALMOST_ONE}) {
        int[] drawn = laws.draw(new double[] {u, u, u, u});
        assertArrayEquals(new int[] {1, 2, 0}, Arrays.copyOf(drawn, 3), "u = " + u);
        assertEquals(u < 1e-39 ? 1 : 2, drawn[3], "u = " + u);
      }
    }
  }

  /** One likely token, and a thousandth of the mass spread evenly over rare ones. */
  private static float[] tailed(int rare) {
    float[] logits = new float[1 + rare];
    Arrays.fill(logits, (float) Math.log(1e-3 / rare / 0.999));
    logits[0] = 0;
    return logits;
  }

  @Test
  void drawsFollowTheLawInTheTail() {
    int rows = 20_000;
    float[] logits = tailed(16);
    float[][] same = new float[rows][];
    Arrays.fill(same, logits);
    Random random = new Random(23);
    long[] counts = new long[logits.length];
    try (DeviceLaws laws = device(same)) {
      for (int i = 0; i < 20; i++) {
        for (int id : laws.draw(random.doubles(rows).toArray())) {
          counts[id]++;
        }
      }
    }
    double p = ChiSquare.pValue(heap(new float[][] {logits}).toArray()[0], counts);
    assertTrue(p > 1e-4, "p-value " + p);
  }

  @Test
  void theTailOfAWideLawIsWhole() {
    float[] logits = tailed(16_384);
    int rows = 200;
    float[][] same = new float[rows][];
    Arrays.fill(same, logits);
    HeapLaws heap = heap(same);
    double[] tail = new Random(29).doubles(rows, 0.999, 1).toArray();
    try (DeviceLaws laws = device(same)) {
      assertArrayEquals(heap.draw(tail), laws.draw(tail));
    }
    // What a float32 Gumbel sampler makes of the same law is rejected.
    long tailed = gumbel32Tail(logits, 400_000, new Random(31));
    long[] twin = {400_000 - tailed, tailed};
    assertTrue(ChiSquare.pValue(new double[] {0.999, 0.001}, twin) < 1e-4);
  }

  /**
   * How many draws of the broken twin are rare tokens: argmax of logits plus Gumbel noise from
   * 24-bit uniforms, whose largest value is 16.6. The largest uniform of the n rare tokens is drawn
   * at once, as U^(1/n).
   */
  private static long gumbel32Tail(float[] logits, int draws, Random random) {
    double rare = logits.length - 1;
    long count = 0;
    for (int i = 0; i < draws; i++) {
      double first = logits[0] + gumbel32(random.nextDouble());
      double best = logits[1] + gumbel32(Math.pow(random.nextDouble(), 1 / rare));
      count += best > first ? 1 : 0;
    }
    return count;
  }

  private static double gumbel32(double uniform) {
    double rounded = Math.floor(uniform * 0x1p24) * 0x1p-24;
    return -Math.log(-Math.log(rounded));
  }
}
