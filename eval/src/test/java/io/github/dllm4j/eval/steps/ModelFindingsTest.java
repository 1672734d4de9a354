package io.github.dllm4j.eval.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.dllm4j.engine.info.Estimate;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Seeds pooled into one row. */
class ModelFindingsTest {

  private static Row row(String seed, double logPerplexity, double error, int samples) {
    Row row =
        new Row()
            .with(ModelColumns.SAMPLER, "tweedie")
            .with(ModelColumns.SEED, seed)
            .with(ModelColumns.STEPS, 8)
            .with(ModelColumns.SAMPLES, (long) samples)
            .with(ModelColumns.EMPTY, 0L)
            .with(ModelColumns.SECONDS, 2.0)
            .with(ModelColumns.RATE, 10.0);
    ModelColumns.putExp(row, ModelColumns.PERPLEXITY, new Estimate(logPerplexity, error, samples));
    ModelColumns.put(row, ModelColumns.ENTROPY, new Estimate(3 + error, error, samples));
    ModelColumns.put(row, ModelColumns.PREDICTED, new Estimate(1.5, 0.25, 9));
    return row;
  }

  @Test
  void whatIsPutComesBack() {
    Row row = row("0", 1.2, 0.1, 12);
    Estimate back = ModelColumns.get(row, ModelColumns.PERPLEXITY, 12).orElseThrow();
    assertEquals(Math.exp(1.2), row.number(ModelColumns.PERPLEXITY), 1e-12);
    assertEquals(1.2, back.mean(), 1e-12);
    assertEquals(0.1, back.standardError(), 1e-12);
  }

  /** Means weighted by samples, errors of independent means, on the logarithm for perplexities. */
  @Test
  void seedsArePooled() {
    List<Row> rows = List.of(row("0", 1, 0.3, 10), row("1", 2, 0.4, 10), row("2", 3, 0.4, 20));
    List<Row> pooled = ModelFindings.pooled(rows);
    assertEquals(1, pooled.size());
    Row all = pooled.get(0);
    assertEquals("all", all.text(ModelColumns.SEED));
    assertEquals(40, all.number(ModelColumns.SAMPLES), 0);
    assertEquals(8, all.number(ModelColumns.STEPS), 0);
    assertEquals(6, all.number(ModelColumns.SECONDS), 1e-12);
    assertEquals(10, all.number(ModelColumns.RATE), 1e-12);
    Estimate perplexity = ModelColumns.get(all, ModelColumns.PERPLEXITY, 40).orElseThrow();
    assertEquals((10 * 1 + 10 * 2 + 20 * 3) / 40.0, perplexity.mean(), 1e-12);
    assertEquals(
        Math.sqrt(9 + 16 + 64) / 40, perplexity.standardError(), 1e-12, "of 10, 10 and 20 samples");
    assertEquals(3 + (3 + 4 + 8) / 40.0, all.number(ModelColumns.ENTROPY), 1e-12);
    // What no seed changes keeps its own interval.
    assertEquals(
        rows.get(0).number(ModelColumns.PREDICTED + "_low"),
        all.number(ModelColumns.PREDICTED + "_low"),
        0);
    assertEquals("0", rows.get(0).text(ModelColumns.SEED), "the rows themselves stay");
  }

  @Test
  void oneSampleHasNoInterval() {
    Row row = new Row();
    ModelColumns.put(row, "x", Estimate.of(2));
    assertEquals(2, row.number("x"), 0);
    assertFalse(row.get("x_low").isPresent());
    assertFalse(ModelColumns.get(row, "x", 1).isPresent());
  }
}
