package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Blocks;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.DenoiserContractTest;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.BlockPlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ChancePlan;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.StepListener;
import io.github.dllm4j.engine.sample.TauLeaping;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.train.Refusal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockNetworkTest extends DenoiserContractTest {
  private static final int BLOCK = 4;
  private static final int TEXT = 23; // six blocks, the first with three tokens
  private static final double EXACT = 1e-6;

  private static BlockNetwork network(int positions, int block, boolean keeping) {
    return network(8, positions, block, keeping);
  }

  private static BlockNetwork network(int width, int positions, int block, boolean keeping) {
    NetworkShape shape = new NetworkShape(Tiny.VOCABULARY, width, 2, 2, positions, 0, false);
    Network network = Tiny.network(new BlockShape(shape, block), Tiny.weights(shape, 11));
    return new BlockNetwork(network, Precision.FP32, Tiny.MASK, 0, keeping);
  }

  @Override
  protected Denoiser denoiser() {
    return network(Tiny.LENGTH + 1, 2, true);
  }

  @Override
  protected int length() {
    return Tiny.LENGTH;
  }

  @Override
  protected double tolerance() {
    return 1e-5;
  }

  private static double[][] laws(Denoiser denoiser, TokenBatch batch, int[] rows) {
    try (TokenLaws laws = denoiser.predict(batch, Rows.of(rows))) {
      return laws.toArray();
    }
  }

  private static TokenBatch batch(List<int[]> texts) {
    int[] tokens = texts.stream().flatMapToInt(IntStream::of).toArray();
    return TokenBatch.of(texts.get(0).length, tokens, new double[texts.size()]);
  }

  private static double farthest(double[][] a, double[][] b) {
    double farthest = 0;
    for (int r = 0; r < a.length; r++) {
      for (int v = 0; v < a[r].length; v++) {
        farthest = Math.max(farthest, Math.abs(a[r][v] - b[r][v]));
      }
    }
    return farthest;
  }

  /** Clean up to a block, MASK here and there in it, and anything behind it. */
  private static int[] text(Random random, int block) {
    int[] text = random.ints(TEXT, 0, Tiny.MASK).toArray();
    for (int i = Math.max(0, BLOCK * block - 1); i < TEXT; i++) {
      text[i] = random.nextBoolean() ? Tiny.MASK : text[i];
    }
    return text;
  }

  /**
   * Sequences that go through their blocks at their own speed, alone and together, come and go, and
   * begin alike: what is kept changes no law. Heads of 16 are turned as complex numbers.
   */
  @ParameterizedTest
  @ValueSource(ints = {8, 32})
  void whatIsKeptChangesNoLaw(int width) {
    Random random = new Random(5);
    try (BlockNetwork keeping = network(width, TEXT + 1, BLOCK, true);
        BlockNetwork whole = network(width, TEXT + 1, BLOCK, false)) {
      List<int[]> texts = new ArrayList<>();
      int[] at = new int[6];
      for (int i = 0; i < at.length; i++) {
        texts.add(text(random, 0));
      }
      for (int call = 0; call < 300; call++) {
        List<int[]> asked = new ArrayList<>();
        List<Integer> rows = new ArrayList<>();
        for (int i = 0; i < at.length; i++) {
          if (random.nextInt(3) == 0) {
            continue;
          }
          int from = Math.max(0, BLOCK * at[i] - 1);
          int to = Math.min(TEXT, from + (random.nextInt(9) == 0 ? 2 * BLOCK : BLOCK));
          for (int p = from; p < to; p++) {
            if (p == from || random.nextBoolean()) {
              rows.add(asked.size() * TEXT + p);
            }
          }
          asked.add(texts.get(i).clone());
          if (random.nextInt(4) == 0) { // this block is done, or another text begins alike
            at[i] = (at[i] + 1) % 6;
            int[] next = text(random, at[i]);
            int kept = Math.max(0, BLOCK * (at[i] - random.nextInt(2)) - 1);
            System.arraycopy(texts.get(random.nextInt(at.length)), 0, next, 0, kept);
            for (int p = 0; p < BLOCK * at[i] - 1; p++) {
              next[p] = next[p] == Tiny.MASK ? 1 : next[p];
            }
            texts.set(i, next);
          }
        }
        if (asked.isEmpty()) {
          continue;
        }
        int[] places = rows.stream().mapToInt(r -> r).toArray();
        TokenBatch batch = batch(asked);
        double off = farthest(laws(whole, batch, places), laws(keeping, batch, places));
        assertTrue(off < EXACT, "call " + call + ": " + off);
      }
    }
  }

  /** A whole run of the sampler, whose sequences reach their blocks' ends at different steps. */
  @Test
  void theSamplerWritesTheSameWithAndWithoutKeeping() {
    Canvas canvas = Canvas.blank(TEXT, Tiny.MASK);
    TimeGrid grid = TimeGrid.alphaLinear(Double.POSITIVE_INFINITY, 6);
    List<RevealPlan> plans = Collections.nCopies(6, ChancePlan.of(grid, TauLeaping.MODIFIED));
    BlockPlan plan = BlockPlan.of(new Blocks(BLOCK, 1), canvas, plans);
    List<SamplingTask> tasks =
        IntStream.range(0, 20).mapToObj(s -> SamplingTask.of(canvas, plan, 3, s)).toList();
    try (BlockNetwork keeping = network(TEXT + 1, BLOCK, true);
        BlockNetwork whole = network(TEXT + 1, BLOCK, false)) {
      List<Sample> kept = new Sampler(keeping, 8).run(tasks, StepListener.NONE);
      List<Sample> plain = new Sampler(whole, 8).run(tasks, StepListener.NONE);
      for (int s = 0; s < kept.size(); s++) {
        assertArrayEquals(plain.get(s).tokens(), kept.get(s).tokens(), "sample " + s);
      }
      assertTrue(kept.stream().map(s -> Arrays.toString(s.tokens())).distinct().count() > 15);
    }
  }

  /** Positions see their own block and those before it; nothing behind, and all of them. */
  @Test
  void positionsSeeTheirBlockAndTheBlocksBefore() {
    try (BlockNetwork network = network(TEXT + 1, BLOCK, true)) {
      int[] text = text(new Random(1), 6);
      for (int changed = 0; changed < TEXT; changed++) {
        int[] other = text.clone();
        other[changed] = (text[changed] + 1) % Tiny.MASK;
        for (int p : new int[] {0, 2, 3, 6, 7, 22}) {
          double off =
              farthest(
                  laws(network, batch(List.of(text)), new int[] {p}),
                  laws(network, batch(List.of(other)), new int[] {p}));
          boolean sees = (changed + 1) / BLOCK <= (p + 1) / BLOCK;
          assertTrue(sees ? off > 100 * EXACT : off == 0, p + " sees " + changed + ": " + off);
        }
      }
    }
  }

  /** Every noisy block behind clean ones is what that block alone is behind the clean text. */
  @Test
  void manyNoisyBlocksAtOnceAreEachByItself() {
    Random random = new Random(3);
    try (BlockDenoiser network = network(TEXT + 1, BLOCK, true)) {
      int[] clean = text(random, 6);
      List<int[]> noisy = List.of(text(random, 0), text(random, 0), text(random, 0));
      TokenBatch batch = batch(noisy);
      double[][] together;
      try (TokenLaws laws = network.predictGiven(clean, batch, Rows.all(batch))) {
        together = laws.toArray();
      }
      for (int s = 0; s < noisy.size(); s++) {
        for (int block = 0; block < 6; block++) {
          int from = network.blocks().from(block);
          int to = network.blocks().to(block, TEXT);
          int[] text = clean.clone();
          System.arraycopy(noisy.get(s), from, text, from, to - from);
          int[] rows = IntStream.range(from, to).toArray();
          int first = s * TEXT + from;
          double[][] own = Arrays.copyOfRange(together, first, first + to - from);
          double off = farthest(own, laws(network, batch(List.of(text)), rows));
          assertTrue(off < EXACT, "block " + block + ": " + off);
        }
      }
    }
  }

  /** Products, keys and values in bfloat16: the same laws within its 8 bits. */
  @Test
  void bfloat16IsClose() {
    NetworkShape shape = new NetworkShape(Tiny.VOCABULARY, 8, 2, 2, TEXT + 1, 0, false);
    Network network = Tiny.network(new BlockShape(shape, BLOCK), Tiny.weights(shape, 11));
    int[] text = text(new Random(9), 3);
    int[] rows = IntStream.range(11, 15).toArray();
    TokenBatch batch = batch(List.of(text));
    try (BlockNetwork rounded = new BlockNetwork(network, Precision.BF16, Tiny.MASK, 0, true);
        BlockNetwork exact = network(TEXT + 1, BLOCK, true)) {
      double off = farthest(laws(exact, batch, rows), laws(rounded, batch, rows));
      assertTrue(off > 1e-5 && off < 0.1, "bf16: " + off);
      try (TokenLaws given = rounded.predictGiven(text, batch, Rows.of(rows))) {
        double apart = farthest(given.toArray(), laws(rounded, batch, rows));
        assertTrue(apart < 0.1, "bf16 at once: " + apart);
      }
    }
  }

  @Test
  void refusesTextsThatAreTooLong() {
    try (BlockNetwork network = network(8, BLOCK, true)) {
      TokenBatch longer = TokenBatch.of(8, new int[8], new double[] {1});
      String message =
          Refusal.message(
              IllegalArgumentException.class,
              () -> network.predict(longer, Rows.of(new int[] {0})));
      assertEquals("sequences must have at most 7 tokens, got 8", message);
      message =
          Refusal.message(
              IllegalArgumentException.class,
              () ->
                  network.predictGiven(
                      new int[3],
                      TokenBatch.of(7, new int[7], new double[] {1}),
                      Rows.of(new int[] {0})));
      assertEquals("noisy sequences must have the 3 tokens of the clean one, got 7", message);
    }
  }

  @Test
  void keysAreFreedAndArraysNotLeftBehind() {
    try (BlockNetwork network = network(TEXT + 1, BLOCK, true)) {
      Random random = new Random(2);
      int[] rows = {22};
      laws(network, batch(List.of(text(random, 5))), rows);
      int before = network.network().manager().getManagedArrays().size();
      for (int i = 0; i < 50; i++) {
        double[][] first = laws(network, batch(List.of(text(new Random(i), 5))), rows);
        assertArrayEquals(
            first[0], laws(network, batch(List.of(text(new Random(i), 5))), rows)[0], EXACT);
      }
      assertEquals(before, network.network().manager().getManagedArrays().size());
    }
  }
}
