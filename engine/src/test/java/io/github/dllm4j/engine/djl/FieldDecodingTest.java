package io.github.dllm4j.engine.djl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.sample.AdaptivePlan;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.Confidence;
import io.github.dllm4j.engine.sample.RevealPlan;
import io.github.dllm4j.engine.sample.Sample;
import io.github.dllm4j.engine.sample.Sampler;
import io.github.dllm4j.engine.sample.SamplingTask;
import io.github.dllm4j.engine.sample.SizePlan;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What our samplers fill in at temperature 0, or so near it that nothing but the likeliest token is
 * ever drawn, against what LLaDA's, Fast-dLLM's and Dream's own decoding fills in.
 */
class FieldDecodingTest {
  private static final double COLD = 1e-6;

  private static int[] filled(FieldFixture fixture, Model model, String rule, RevealPlan plan)
      throws IOException {
    int[] prompt = fixture.integers(rule + ".prompt");
    int mask = model.config().mask();
    int[] tokens = Arrays.copyOf(prompt, fixture.integers(rule).length);
    Arrays.fill(tokens, prompt.length, tokens.length, mask);
    SamplingTask task = new SamplingTask(Canvas.of(tokens, mask), plan, 1, 0, COLD, 1);
    Sample sample = new Sampler(model.denoiser(), 1).run(List.of(task), event -> true).get(0);
    return sample.tokens();
  }

  /** As {@code --sampler NAME --plan balanced --block-length B --steps N} of 12 tokens. */
  private static RevealPlan plan(String sampler, int block, int steps) {
    return PlanChoice.ofSampler(sampler)
        .withPlan("balanced")
        .withBlocks(block)
        .of(
            12,
            steps,
            n -> {
              throw new AssertionError();
            },
            () -> {
              throw new AssertionError();
            });
  }

  @ParameterizedTest
  @CsvSource({
    "low_confidence, candidate-confidence, 0, 12",
    "low_confidence, confidence, 0, 12",
    "few_steps, candidate-confidence, 0, 5",
    "blocks, candidate-confidence, 4, 6",
    "threshold_0.3, threshold:0.3, 0, 1",
    "threshold_0.6, threshold:0.6, 0, 1",
    "block_threshold_0.3, threshold:0.3, 4, 1",
    "block_threshold_0.6, threshold:0.6, 4, 1"
  })
  void fillsInAsLlada(String rule, String sampler, int block, int steps) throws IOException {
    for (String name : List.of("llada", "llada-grouped")) {
      FieldFixture fixture = new FieldFixture(name);
      try (Model model = fixture.open()) {
        int[] tokens = filled(fixture, model, rule, plan(sampler, block, steps));
        assertArrayEquals(fixture.integers(rule), tokens, name);
      }
    }
  }

  /** Other plans fill in something else, so that the comparison can fail. */
  @Test
  void theRuleMatters() throws IOException {
    FieldFixture fixture = new FieldFixture("llada");
    try (Model model = fixture.open()) {
      int[] wanted = fixture.integers("blocks");
      for (RevealPlan other :
          List.of(
              plan("candidate-confidence", 0, 6),
              plan("candidate-confidence", 4, 3),
              plan("confidence", 1, 12))) {
        assertFalse(
            Arrays.equals(wanted, filled(fixture, model, "blocks", other)), other.toString());
      }
    }
  }

  /** Of n holes Dream fills int(n (1 - s/t)) at each of its even times from 1 to 1e-3. */
  private static SizePlan dreamSizes(int holes, int steps) {
    int[] sizes = new int[steps];
    int left = holes;
    for (int k = 0; k < steps; k++) {
      double t = 1 + (1e-3 - 1) * k / steps;
      double s = 1 + (1e-3 - 1) * (k + 1) / steps;
      sizes[k] = k == steps - 1 ? left : (int) (left * (1 - s / t));
      left -= sizes[k];
    }
    return SizePlan.of(sizes);
  }

  @ParameterizedTest
  @CsvSource({"maskgit_plus, MAX_PROBABILITY", "topk_margin, MARGIN", "entropy, NEGATIVE_ENTROPY"})
  void fillsInAsDream(String rule, Confidence confidence) throws IOException {
    FieldFixture fixture = new FieldFixture("dream");
    SizePlan sizes = dreamSizes(12, 5);
    assertEquals(SizePlan.of(2, 2, 2, 2, 4).toString(), sizes.toString());
    try (Model model = fixture.open()) {
      int[] tokens = filled(fixture, model, rule, AdaptivePlan.mostConfident(sizes, confidence));
      assertArrayEquals(fixture.integers(rule), tokens);
    }
  }
}
