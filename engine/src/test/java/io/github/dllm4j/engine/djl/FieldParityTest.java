package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.denoise.TokenBatch;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
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
}
