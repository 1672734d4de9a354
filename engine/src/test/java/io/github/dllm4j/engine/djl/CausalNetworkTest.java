package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.train.NoisyBatch;
import io.github.dllm4j.engine.train.Objective;
import io.github.dllm4j.engine.train.Refusal;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The network with causal attention: its law is proper, and no token knows what comes after it. */
class CausalNetworkTest {
  private static final NetworkShape SHAPE = Tiny.shape(false, false);
  private static final int MASK = Tiny.MASK;

  private static CausalNetwork model(Architecture architecture, Precision precision) {
    float[][] weights = Tiny.weights(SHAPE, 11);
    Network network = Tiny.network(architecture, weights);
    return new CausalNetwork(network, network.weights(), precision, MASK, MASK, true);
  }

  private static CausalNetwork model() {
    return model(new CausalShape(SHAPE), Precision.FP32);
  }

  private static int[][] random(int sequences, int length, long seed) {
    Random random = new Random(seed);
    return IntStream.range(0, sequences)
        .mapToObj(s -> random.ints(length, 0, MASK).toArray())
        .toArray(int[][]::new);
  }

  /** All words of the clean tokens: their probabilities sum to one, MASK has none. */
  @Test
  void theProbabilitiesOfAllBlocksSumToOne() {
    int length = 4;
    int[][] words = new int[(int) Math.pow(MASK, length)][length];
    for (int w = 0; w < words.length; w++) {
      int rest = w;
      for (int i = length - 1; i >= 0; i--) {
        words[w][i] = rest % MASK;
        rest /= MASK;
      }
    }
    try (CausalModel model = model()) {
      double sum =
          Arrays.stream(model.logProbabilities(words))
              .mapToDouble(logs -> Math.exp(Arrays.stream(logs).sum()))
              .sum();
      assertEquals(1, sum, 1e-5);
      assertEquals(Double.NEGATIVE_INFINITY, model.logProbabilities(new int[][] {{1, MASK}})[0][1]);
    }
  }

  /** Whether some law of a token at or before the changed one moves. */
  private static boolean looksAhead(Architecture architecture) {
    int[][] base = random(1, Tiny.LENGTH, 3);
    try (CausalModel model = model(architecture, Precision.FP32)) {
      double[] before = model.logProbabilities(base)[0];
      boolean ahead = false;
      for (int j = 0; j < Tiny.LENGTH; j++) {
        int[] changed = base[0].clone();
        changed[j] = (changed[j] + 1) % MASK;
        double[] after = model.logProbabilities(new int[][] {changed})[0];
        for (int i = 0; i < Tiny.LENGTH; i++) {
          boolean same = Math.abs(after[i] - before[i]) < 1e-6;
          ahead |= i < j && !same;
          assertTrue(i < j || !same, "token " + i + " does not see token " + j);
        }
      }
      return ahead;
    }
  }

  /** The twin whose attention sees everything is found out. */
  @Test
  void noTokenSeesWhatComesAfterIt() {
    assertFalse(looksAhead(new CausalShape(SHAPE)));
    assertTrue(looksAhead(SHAPE));
  }

  /** The gradient of the loss at one position with respect to later embeddings is zero. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noGradientComesFromWhatIsAfter(boolean causal) {
    int[][] blocks = {{0, 1, 2, 3, 4}}; // every id once: a row of the embedding is a position
    NoisyBatch whole = NoisyBatch.shifted(blocks, MASK);
    int judged = 2; // reads MASK, 0, 1
    NoisyBatch one =
        new NoisyBatch(
            whole.noisy(),
            whole.sigmas(),
            new int[] {judged},
            new int[] {blocks[0][judged]},
            new double[] {1});
    Architecture shape = causal ? new CausalShape(SHAPE) : SHAPE;
    float[][] weights = Tiny.weights(SHAPE, 5);
    try (Network network = Tiny.network(shape, weights);
        NDManager m = network.manager().newSubManager()) {
      network.learn();
      new TrainingLoss(network, Precision.FP32, MASK, Objective.CROSS_ENTROPY, 0)
          .backward(m, one, false);
      try (NDArray gradient = network.weights().get(0).getGradient()) {
        float[] g = gradient.toFloatArray();
        for (int id : new int[] {MASK, 0, 1, 2, 3}) {
          double size = 0;
          for (int k = 0; k < SHAPE.width(); k++) {
            size += Math.abs(g[id * SHAPE.width() + k]);
          }
          boolean seen = id == MASK || id < judged;
          assertEquals(seen || !causal, size > 0, "embedding of " + id);
        }
      }
    }
  }

  /** The same law position by position from a plain double network with a prefix only. */
  @Test
  void lawsAreThoseOfTheReferenceOnThePrefix() {
    ReferenceTransformer reference =
        new ReferenceTransformer(SHAPE, Tiny.weights(SHAPE, 11)).causal();
    int[][] sequences = random(3, Tiny.LENGTH, 4);
    try (CausalModel model = model()) {
      double[][] actual = model.logProbabilities(sequences);
      for (int s = 0; s < sequences.length; s++) {
        int[] read = new int[Tiny.LENGTH];
        read[0] = MASK;
        System.arraycopy(sequences[s], 0, read, 1, Tiny.LENGTH - 1);
        double[][] logits = reference.logits(read, 0);
        for (int i = 0; i < Tiny.LENGTH; i++) {
          assertEquals(
              -reference.loss(logits[i], sequences[s][i], MASK, false), actual[s][i], 2e-5);
        }
      }
    }
  }

  /** Batches, padding and order change nothing, for lengths from none to three windows. */
  @Test
  void aSequenceDoesNotDependOnItsBatch() {
    int[][] sequences = new int[40][];
    Arrays.setAll(sequences, s -> random(1, s % 14, s)[0]);
    try (CausalModel model = model()) {
      double[][] together = model.logProbabilities(sequences);
      for (int s = 0; s < sequences.length; s++) {
        double[] alone = model.logProbabilities(new int[][] {sequences[s]})[0];
        assertArrayEquals(alone, together[s], 1e-6);
        assertEquals(sequences[s].length, alone.length);
      }
    }
  }

  /** Beyond its length a token is judged in the documented window. */
  @Test
  void longSequencesAreJudgedInWindows() {
    int[] tokens = random(1, 12, 8)[0];
    int[][] windows = {{0, 5}, {2, 7}, {4, 9}, {6, 11}, {7, 12}};
    try (CausalModel model = model()) {
      double[] actual = model.logProbabilities(new int[][] {tokens})[0];
      int judged = 0;
      for (int[] window : windows) {
        int[] part = Arrays.copyOfRange(tokens, window[0], window[1]);
        double[] expected = model.logProbabilities(new int[][] {part})[0];
        for (; judged < window[1]; judged++) {
          assertEquals(expected[judged - window[0]], actual[judged], 1e-6, "token " + judged);
        }
      }
      assertEquals(12, judged);
    }
  }

  /** Reading with kept keys and values gives the laws of the whole evaluation. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void readingOnGivesTheLawsOfTheWhole(Precision precision) {
    double tolerance = precision == Precision.FP32 ? 1e-5 : 0.05;
    int[][] sequences = random(3, Tiny.LENGTH, 6);
    int[] cuts = {0, 2, 3, 4};
    try (CausalModel model = model(new CausalShape(SHAPE), precision);
        CausalModel.Reading reading = model.read(3)) {
      double[][] whole = model.logProbabilities(sequences);
      int from = 0;
      for (int cut : cuts) {
        int[][] part = new int[3][];
        for (int s = 0; s < 3; s++) {
          part[s] = Arrays.copyOfRange(sequences[s], from, cut);
        }
        int[] next = {sequences[0][cut], sequences[1][cut], sequences[2][cut]};
        try (TokenLaws laws = reading.next(part)) {
          double[] logs = laws.logProbabilityOf(next);
          for (int s = 0; s < 3; s++) {
            assertEquals(whole[s][cut], logs[s], tolerance, "after " + cut);
          }
        }
        from = cut;
      }
      assertThrows(IllegalArgumentException.class, () -> reading.next(new int[][] {{1}, {1}, {1}}));
    }
  }

  @Test
  void refusesWhatItCannotRead() {
    try (CausalModel model = model();
        CausalModel.Reading reading = model.read(1)) {
      assertEquals(
          "token ids must be 0 to 6, got 7",
          Refusal.message(
              IllegalArgumentException.class, () -> model.logProbabilities(new int[][] {{1, 7}})));
      assertThrows(IllegalArgumentException.class, () -> model.read(0));
      assertThrows(IllegalArgumentException.class, () -> reading.next(new int[2][1]));
      reading.next(new int[1][0]).close();
      String nothing =
          Refusal.message(IllegalArgumentException.class, () -> reading.next(new int[1][0]));
      assertTrue(nothing.contains("cannot go on with 1 of 0"), nothing);
    }
    assertEquals(
        "time width must be 0 for an autoregressive model, got 6",
        Refusal.message(
            IllegalArgumentException.class, () -> new CausalShape(Tiny.shape(true, false))));
  }

  @Test
  void brokenWeightsAreAnErrorAndNoNumber() {
    float[][] weights = Tiny.weights(SHAPE, 1);
    weights[weights.length - 1][2] = Float.NaN;
    Network network = Tiny.network(new CausalShape(SHAPE), weights);
    try (CausalModel model =
        new CausalNetwork(network, network.weights(), Precision.FP32, MASK, MASK, true)) {
      String message =
          Refusal.message(
              IllegalStateException.class, () -> model.logProbabilities(new int[][] {{1}}));
      assertTrue(message.contains("not a number"), message);
    }
  }

  @Test
  void readingLeavesNoArraysBehind() {
    Network network = Tiny.network(new CausalShape(SHAPE), Tiny.weights(SHAPE, 1));
    try (CausalModel model =
        new CausalNetwork(network, network.weights(), Precision.BF16, MASK, MASK, true)) {
      int before = -1;
      for (int i = 0; i < 10; i++) {
        try (CausalModel.Reading reading = model.read(2)) {
          reading.next(new int[2][3]).close();
        }
        model.logProbabilities(random(3, 9, i));
        int now = network.manager().getManagedArrays().size();
        assertTrue(before < 0 || before == now);
        before = now;
      }
    }
  }

  /** Batches of windows: padded size within the bound unless one window is more; all are there. */
  @Test
  void windowsAreBatchedWithinTheBound() {
    int[][] sequences = new int[30][];
    Arrays.setAll(sequences, s -> new int[(s * 7) % 23]);
    List<List<Window>> batches = Window.batches(sequences, 6, 20);
    int judged = 0;
    for (List<Window> batch : batches) {
      int longest = batch.stream().mapToInt(Window::size).max().orElseThrow();
      assertTrue(batch.size() * longest <= 20);
      judged += batch.stream().mapToInt(w -> w.to() - w.judged()).sum();
      for (Window w : batch) {
        assertTrue(w.size() <= 6 && w.from() <= w.judged());
        assertTrue(w.judged() == 0 || w.judged() - w.from() >= 3);
      }
    }
    assertEquals(Arrays.stream(sequences).mapToInt(s -> s.length).sum(), judged);
    assertNotEquals(1, batches.size());
    assertEquals(3, Window.batches(new int[][] {{1}, {2}, {3}}, 6, 1).size());
  }
}
