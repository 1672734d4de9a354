package io.github.dllm4j.engine.djl;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.dllm4j.engine.denoise.BlockDenoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Networks of the field's checkpoints against what the field's own code answers, float32. */
class FieldParityTest {
  private static final Logger LOG = LoggerFactory.getLogger(FieldParityTest.class);
  private static final double TOLERANCE = 1e-4;

  /**
   * Largest deviation of a row, relative to the row's largest number; MASK and own are left out.
   */
  private static double deviation(
      FieldFixture fixture, Model model, TokenBatch asked, String tensor, int k)
      throws IOException {
    int width = model.config().network().vocabulary();
    return deviation(fixture.rows(tensor + "." + k, width), model, asked);
  }

  private static double deviation(double[][] expected, Model model, TokenBatch asked) {
    double[][] actual = FieldFixture.logits(model, asked);
    assertEquals(expected.length, actual.length);
    int width = actual[0].length;
    // Rows of a head above the tokenizer's last id, which no training ever saw.
    int known = model.config().network() instanceof LlamaShape llama ? llama.known() : width;
    boolean scores = model.family() == Family.SEDD;
    double largest = 0;
    for (int r = 0; r < expected.length; r++) {
      double shift = scores ? shift(model, asked.sigma(r / asked.length())) : 0;
      double scale = Arrays.stream(expected[r]).map(v -> Math.abs(v + shift)).max().orElseThrow();
      for (int v = 0; v < width; v++) {
        boolean left = v >= known || v == model.config().mask() || (scores && v == asked.token(r));
        assertEquals(v >= known || v == model.config().mask(), actual[r][v] == -1 / 0.0);
        double off = left ? 0 : Math.abs(expected[r][v] + shift - actual[r][v]);
        largest = Math.max(largest, off / scale);
      }
    }
    return largest;
  }

  /** What SEDD takes off the network's numbers to make log scores of them. */
  private static double shift(Model model, double sigma) {
    boolean scaled = model.config().mask() >= 0;
    int clean = model.config().network().vocabulary() - 1;
    return scaled ? Math.log(Math.expm1(sigma)) + Math.log(clean) : 0;
  }

  /** A network with classes, run for one of them. */
  @Test
  void answersForAClass() throws IOException {
    FieldFixture fixture = new FieldFixture("udlm-classes");
    ModelOptions options = new ModelOptions("cpu", Optional.empty(), true, OptionalInt.of(1));
    try (Model one = Model.open(fixture.folder(), options);
        Model none = fixture.open()) {
      assertEquals(3, one.classes());
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.batch(k);
        double off = deviation(fixture, one, batch, "class1", k);
        assertTrue(off < TOLERANCE, "class 1: " + off);
        off = deviation(fixture, none, batch, "class1", k);
        assertTrue(off > 100 * TOLERANCE, "no class: " + off);
      }
    }
  }

  /**
   * Of a batch that is padded on the left and masked, the reference answers at the kept tokens what
   * ours answers without padding; but Dream's reads the first token's law at the padding.
   */
  @ParameterizedTest
  @ValueSource(strings = {"llada", "llada-grouped", "dream"})
  void paddingIsAsNone(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      int width = model.config().network().vocabulary();
      int[] tokens = fixture.integers("padded.tokens");
      int[] kept = fixture.integers("padded.kept");
      double[][] expected = fixture.rows("padded.logits", width);
      int length = tokens.length / 2;
      for (int b = 0; b < 2; b++) {
        int from = b * length;
        while (kept[from] == 0) {
          from++;
        }
        assertEquals(b == 1, from > b * length, "the second sequence is padded, the first is not");
        int[] own = Arrays.copyOfRange(tokens, from, (b + 1) * length);
        double[][] wanted = Arrays.copyOfRange(expected, from, (b + 1) * length);
        TokenBatch batch = TokenBatch.of(own.length, own, new double[] {0.5});
        if (b == 1 && model.family() == Family.DREAM) {
          wanted[0] = FieldFixture.logits(model, batch)[0];
        }
        double off = deviation(wanted, model, batch);
        assertTrue(off < TOLERANCE, "sequence " + b + ": " + off);
        own[own.length - 1] = own[own.length - 1] == 3 ? 4 : 3;
        off = deviation(wanted, model, TokenBatch.of(own.length, own, new double[] {0.5}));
        assertTrue(off > 100 * TOLERANCE, "another token must show: " + off);
      }
    }
  }

  /** bfloat16 products round, but to the same numbers within a few of its 8 bits. */
  @ParameterizedTest
  @ValueSource(strings = {"llada", "llada-grouped", "dream"})
  void bfloat16IsClose(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    ModelOptions options = new ModelOptions("cpu", Optional.of(Precision.BF16));
    try (Model model = Model.open(fixture.folder(), options)) {
      double off = deviation(fixture, model, fixture.batch(0), "logits", 0);
      assertTrue(off > 1e-5 && off < 0.1, "bf16: " + off);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "sedd-absorb, SEDD, true", "sedd-uniform, SEDD, true", "mdlm, MDLM, false",
    "mdlm-time, MDLM, true", "radd, RADD, false", "udlm, UDLM, true",
    "udlm-classes, UDLM, true", "duo, DUO, true", "llada, LLADA, false",
    "llada-grouped, LLADA, false", "dream, DREAM, false"
  })
  void answersAsTheReference(String name, Family family, boolean timed) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      assertEquals(family, model.family());
      double largest = 0;
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.batch(k);
        largest = Math.max(largest, deviation(fixture, model, batch, "logits", k));
        // The wrong noise level must show, where the network is told it, and only there.
        double[] wrong = fixture.doubles("sigmas." + k);
        Arrays.setAll(wrong, b -> 0.5 * wrong[b] + 0.1);
        TokenBatch other = TokenBatch.of(batch.length(), batch.toArray(), wrong);
        double off = deviation(fixture, model, other, "logits", k);
        assertTrue(timed ? off > 100 * TOLERANCE : off < TOLERANCE, "wrong sigma: " + off);
      }
      String row = String.format(Locale.ROOT, "| %s | %s | %.1e |", family.label(), name, largest);
      LOG.info("parity {}", row);
      assertTrue(largest < TOLERANCE, row);
    }
  }

  private static Model inBlocksOf(FieldFixture fixture, int block, Path folder) throws IOException {
    for (String file : List.of("model.safetensors", "tokenizer.json")) {
      Files.copy(fixture.folder().resolve(file), folder.resolve(file), REPLACE_EXISTING);
    }
    String config = Files.readString(fixture.folder().resolve("config.json"));
    assertTrue(config.contains("\"block_size\": 4"), config);
    Files.writeString(
        folder.resolve("config.json"),
        config.replace("\"block_size\": 4", "\"block_size\": " + block));
    return Model.open(folder, ModelOptions.DEFAULT);
  }

  /**
   * Of clean blocks and a noisy last one: all rows, as the reference samples without a cache, and
   * those of the last block with one. In blocks of another length, or one of all positions, which
   * is full attention, the answers are far off.
   */
  @ParameterizedTest
  @ValueSource(strings = {"bd3lm", "bd3lm-plain"})
  void blocksAnswerAsTheReference(String name, @TempDir Path folder) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      assertEquals(Family.BD3LM, model.family());
      int width = model.config().network().vocabulary();
      double largest = 0;
      double cached = 0;
      for (int k = 0; k < FieldFixture.CASES; k++) {
        TokenBatch batch = fixture.text(k);
        int n = batch.length();
        double[][] all = fixture.rows("logits." + k, width);
        largest = Math.max(largest, deviation(FieldFixture.withoutFirst(all, n + 1), model, batch));
        double[][] last = fixture.rows("cached." + k, width);
        for (int step = 0; step < 2; step++) { // the second asks what is kept
          cached = Math.max(cached, deviation(last, lastBlock(model, batch), model));
        }
        for (int block : new int[] {1, 2, 8, 16}) {
          try (Model other = inBlocksOf(fixture, block, folder)) {
            double off = deviation(FieldFixture.withoutFirst(all, n + 1), other, batch);
            assertTrue(off > 100 * TOLERANCE, "blocks of " + block + ": " + off);
          }
        }
      }
      LOG.info("parity | BD3LM | {} | {} | cached {} |", name, largest, cached);
      assertTrue(largest < TOLERANCE, "logits: " + largest);
      assertTrue(cached < TOLERANCE, "cached: " + cached);
    }
  }

  private static double[][] lastBlock(Model model, TokenBatch batch) {
    int n = batch.length();
    int[] rows = IntStream.range(0, batch.size() * n).filter(r -> r % n >= n - 4).toArray();
    int width = model.denoiser().vocabulary();
    double[][] logits = new double[rows.length][width];
    try (NDManager manager = model.network().manager().newSubManager();
        NDArray array = ((BlockNetwork) model.denoiser()).logits(manager, batch, Rows.of(rows))) {
      float[] flat = array.toFloatArray();
      for (int i = 0; i < flat.length; i++) {
        logits[i / width][i % width] = flat[i];
      }
    }
    return logits;
  }

  private static double deviation(double[][] expected, double[][] actual, Model model) {
    assertEquals(expected.length, actual.length);
    double largest = 0;
    for (int r = 0; r < expected.length; r++) {
      double scale = Arrays.stream(expected[r]).map(Math::abs).max().orElseThrow();
      for (int v = 0; v < expected[r].length; v++) {
        double off = v == model.config().mask() ? 0 : Math.abs(expected[r][v] - actual[r][v]);
        largest = Math.max(largest, off / scale);
      }
    }
    return largest;
  }

  /** All noisy blocks of a text at once, as the reference trains; and not behind noisy ones. */
  @ParameterizedTest
  @ValueSource(strings = {"bd3lm", "bd3lm-plain"})
  void noisyBlocksBehindCleanOnesAnswerAsInTraining(String name) throws IOException {
    FieldFixture fixture = new FieldFixture(name);
    try (Model model = fixture.open()) {
      int width = model.config().network().vocabulary();
      double[][] logits = FieldFixture.withoutFirst(fixture.rows("twin.logits", width), 16);
      double[] level = {0.5, 0.5};
      TokenBatch noisy =
          FieldFixture.withoutFirst(TokenBatch.of(16, fixture.integers("twin.noisy"), level));
      int[] clean =
          FieldFixture.withoutFirst(TokenBatch.of(16, fixture.integers("twin.clean"), level))
              .toArray();
      BlockDenoiser denoiser = (BlockDenoiser) model.denoiser();
      double right = 0;
      double wrong = 0;
      for (int b = 0; b < 2; b++) {
        int[] own = Arrays.copyOfRange(noisy.toArray(), 15 * b, 15 * b + 15);
        TokenBatch one = TokenBatch.of(15, own, new double[] {0.5});
        int[] text = Arrays.copyOfRange(clean, 15 * b, 15 * b + 15);
        try (TokenLaws given = denoiser.predictGiven(text, one, Rows.all(one));
            TokenLaws alone = denoiser.predict(one, Rows.all(one))) {
          double[][] expected = Arrays.copyOfRange(logits, 15 * b, 15 * b + 15);
          right = Math.max(right, ofLaws(expected, given.toArray(), model.config().mask()));
          wrong = Math.max(wrong, ofLaws(expected, alone.toArray(), model.config().mask()));
        }
      }
      assertTrue(right < TOLERANCE, "behind clean blocks: " + right);
      assertTrue(wrong > 100 * TOLERANCE, "behind noisy blocks: " + wrong);
    }
  }

  /** Largest deviation of a law from the softmax of logits over clean tokens. */
  private static double ofLaws(double[][] logits, double[][] laws, int mask) {
    double largest = 0;
    for (int r = 0; r < laws.length; r++) {
      double[] row = logits[r];
      double sum = 0;
      for (int v = 0; v < row.length; v++) {
        sum += v == mask ? 0 : Math.exp(row[v]);
      }
      for (int v = 0; v < row.length; v++) {
        double p = v == mask ? 0 : Math.exp(row[v]) / sum;
        largest = Math.max(largest, Math.abs(p - laws[r][v]));
      }
    }
    return largest;
  }
}
