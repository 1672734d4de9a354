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
    double[][] expected = fixture.rows(tensor + "." + k, width);
    double[][] actual = FieldFixture.logits(model, asked);
    assertEquals(expected.length, actual.length);
    boolean scores = model.family() == Family.SEDD;
    double largest = 0;
    for (int r = 0; r < expected.length; r++) {
      double shift = scores ? shift(model, asked.sigma(r / asked.length())) : 0;
      double scale = Arrays.stream(expected[r]).map(v -> Math.abs(v + shift)).max().orElseThrow();
      for (int v = 0; v < width; v++) {
        boolean left = v == model.config().mask() || (scores && v == asked.token(r));
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

  @ParameterizedTest
  @CsvSource({
    "sedd-absorb, SEDD, true", "sedd-uniform, SEDD, true", "mdlm, MDLM, false",
    "mdlm-time, MDLM, true", "radd, RADD, false", "udlm, UDLM, true",
    "udlm-classes, UDLM, true", "duo, DUO, true"
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
