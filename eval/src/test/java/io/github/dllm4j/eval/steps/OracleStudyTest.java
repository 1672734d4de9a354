package io.github.dllm4j.eval.steps;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.oracle.ExactLaw;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Slopes on paper, bounds above errors, and theorems above paths above outputs. */
class OracleStudyTest {
  private static final List<Integer> STEPS = List.of(4, 8, 16, 32, 64);
  private static final ExactLaw MARKOV =
      ExactLaw.markov(4, new double[] {0.5, 0.5}, new double[][] {{0.8, 0.2}, {0.2, 0.8}});

  private static List<Row> rows(Study study) {
    return IntStream.range(0, study.cells().size()).mapToObj(study::compute).toList();
  }

  private static OracleStudy.Named named(ExactLaw law) {
    return new OracleStudy.Named("law", law);
  }

  private static Study masking(ExactLaw law, String... samplers) {
    return OracleStudy.masking(
        named(law), SamplerSpec.parse(List.of(samplers), false), STEPS, List.of(named(MARKOV)));
  }

  private static Table table(Study study, String key) {
    return study.findings(rows(study)).tables().stream()
        .filter(table -> table.key().equals(key))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theSlopeOfAPowerIsItsExponent() {
    double[] x = {0, 1, 2.5};
    assertEquals(-1.5, OracleStudy.slope(x, new double[] {2, 0.5, -1.75}), 1e-14);
    assertTrue(Double.isNaN(OracleStudy.slope(new double[] {1}, new double[] {1})));
  }

  /** Spec 15.2: cond 1/N and marg 1/N^2 with full support, both 1/N without. */
  @Test
  void maskingHasTheSlopesOnPaper() {
    Row full = table(masking(MARKOV, "modified-tau-leaping"), "slopes").rows().get(0);
    assertEquals(-2, full.number("kl_slope"), 0.05);
    assertEquals(-2, full.number("kl_on_paper"), 0);
    assertEquals(-1, full.number("second_slope"), 0.05);
    Row hard =
        table(masking(ExactLaw.zeroSum(4, 2), "modified-tau-leaping"), "slopes").rows().get(0);
    assertEquals(-1, hard.number("kl_slope"), 0.05);
    assertEquals(-1, hard.number("kl_on_paper"), 0);
    assertEquals(-1, hard.number("second_slope"), 0.05);
  }

  @Test
  void uniformNoiseHasTheSlopesOnPaper() {
    Study study =
        OracleStudy.uniform(
            named(MARKOV), SamplerSpec.parse(List.of("tweedie", "tau-leaping"), true), STEPS);
    Table slopes = table(study, "slopes");
    assertEquals(-2, slopes.rows().get(0).number("kl_slope"), 0.1);
    assertEquals(-1, slopes.rows().get(0).number("second_slope"), 0.05);
    assertEquals(-1, slopes.rows().get(0).number("second_on_paper"), 0);
    assertTrue(slopes.rows().get(1).get("second_on_paper").isEmpty(), "no theorem covers it");
  }

  /** From one step to more than tokens; where fewer than tokens, there is an error to bound. */
  @Test
  void boundsLieAboveWhatTheyBound() {
    List<String> samplers =
        List.of("mask-predictor/balanced", "mask-predictor", "modified-tau-leaping");
    List<Row> rows =
        rows(
            OracleStudy.masking(
                named(MARKOV),
                SamplerSpec.parse(samplers, false),
                List.of(1, 2, 3, 8),
                List.of(named(MARKOV))));
    assertEquals(12, rows.size());
    Map<String, Integer> bounded = new TreeMap<>();
    for (Row row : rows) {
      double conditional = row.number("conditional_kl_nats");
      assertTrue(row.number("kl_nats") <= conditional + 1e-12);
      assertTrue(conditional > 0.01 || row.number("steps") > 3, "no error to bound");
      for (String bound : List.of("theorem_3_nats", "theorem_3_sharp_nats", "theorem_4_nats")) {
        if (row.get(bound).isPresent()) {
          assertTrue(conditional <= row.number(bound) + 1e-12, bound);
          bounded.merge(bound, 1, Integer::sum);
        }
      }
    }
    // Theorem 3 holds for sizes, Theorem 4 for balanced ones and for modified tau-leaping.
    assertEquals(
        Map.of("theorem_3_nats", 8, "theorem_3_sharp_nats", 8, "theorem_4_nats", 8), bounded);
  }

  @Test
  void theoremsBoundPathsBoundOutputs() {
    List<Row> rows = table(masking(MARKOV, "tweedie"), "paths").rows();
    assertEquals(10, rows.size());
    assertEquals(5, onUniformGrid(rows).size());
    for (Row row : rows) {
      double longest = row.text("grid").equals("uniform") ? 8 / row.number("steps") : 8 - 0.02;
      double constant = Math.expm1(longest) / longest;
      assertTrue(row.number("output_kl_nats") <= row.number("path_kl_nats") + 1e-12);
      assertTrue(
          row.number("path_kl_nats")
              <= constant * row.number("theorem_12_sum_nats") + row.number("initial_bound_nats"));
    }
  }

  @Test
  void theoremsBoundPathsBoundOutputsOfUniformNoise() {
    Study uniform =
        OracleStudy.uniform(named(MARKOV), SamplerSpec.parse(List.of("tweedie"), true), STEPS);
    List<Row> rows = table(uniform, "paths").rows();
    assertEquals(15, rows.size());
    for (Row row : rows) {
      assertTrue(row.number("path_kl_nats") <= row.number("theorem_11_nats"));
      assertTrue(row.number("additive_chain_kl_nats") <= row.number("path_kl_nats") + 1e-12);
      assertTrue(
          row.number("tweedie_chain_kl_nats") <= row.number("additive_chain_kl_nats") + 1e-12);
      assertTrue(row.number("tweedie_kl_nats") <= row.number("tweedie_chain_kl_nats") + 1e-12);
    }
    assertEquals(5, onUniformGrid(rows).size());
    for (Row row : onUniformGrid(rows)) {
      assertTrue(row.number("path_kl_nats") <= row.number("data_bound_nats") + 1e-12);
      assertTrue(row.number("data_bound_nats") <= row.number("universal_bound_nats"));
    }
  }

  private static List<Row> onUniformGrid(List<Row> rows) {
    return rows.stream().filter(row -> row.text("grid").equals("uniform")).toList();
  }

  @Test
  void samplersAreNamedWithScheduleAndCorrector() {
    assertEquals(
        PlanChoice.OPTIMAL.withPlan("cosine").withCorrector(3),
        SamplerSpec.parse("mask-predictor/cosine+gibbs*3", false).choice());
    assertEquals("geometric", SamplerSpec.parse("euler/geometric", true).choice().schedule());
    for (String wrong :
        List.of("tweedie/", "tweedie+ctmc", "first-hitting/uniform", "confidence+gibbs", "x")) {
      assertThrows(IllegalArgumentException.class, () -> SamplerSpec.parse(wrong, false), wrong);
    }
    for (String wrong : List.of("uniformization/uniform", "tweedie+none+gibbs", "tweedie*2")) {
      assertThrows(IllegalArgumentException.class, () -> SamplerSpec.parse(wrong, true), wrong);
    }
  }
}
