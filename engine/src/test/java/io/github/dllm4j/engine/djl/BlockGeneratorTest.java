package io.github.dllm4j.engine.djl;

import static io.github.dllm4j.engine.train.Refusal.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.Generation;
import io.github.dllm4j.engine.GenerationRequest;
import io.github.dllm4j.engine.GenerationResult;
import io.github.dllm4j.engine.PlanChoice;
import io.github.dllm4j.engine.TextEditor;
import io.github.dllm4j.engine.TextGenerator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests to a model that writes block after block. */
class BlockGeneratorTest {

  private static GenerationRequest request(int i) {
    GenerationRequest request =
        GenerationRequest.prompt("abcdefgh".substring(0, i % 7)).withSeed(i).withSamples(1 + i % 2);
    return switch (i % 4) {
      case 0 -> request;
      case 1 -> request.withSteps(9);
      case 2 -> request.withSampler(PlanChoice.ofSampler("threshold:0.3"));
      default -> request.withSampler(PlanChoice.ofSampler("tweedie")).withSteps(12);
    };
  }

  /** Those under way share calls and what is kept of earlier blocks, and none shows it. */
  @Test
  void requestsTogetherAreEachAsAlone() throws Exception {
    try (TextGenerator generator = TextGenerator.of(new FieldFixture("bd3lm").open())) {
      List<GenerationResult> alone = new ArrayList<>();
      List<Generation> together = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        alone.add(generator.generate(request(i)));
      }
      for (int i = 0; i < 12; i++) {
        together.add(generator.submit(request(i)));
      }
      for (int i = 0; i < 12; i++) {
        List<GenerationResult.Text> texts = together.get(i).result().samples();
        for (int s = 0; s < texts.size(); s++) {
          assertEquals(
              alone.get(i).samples().get(s).tokens(), texts.get(s).tokens(), "request " + i);
        }
      }
      assertTrue(alone.stream().map(GenerationResult::text).distinct().count() == 12);
    }
  }

  @Test
  void textBehindABlockWithHolesIsRefused() throws IOException {
    try (TextGenerator generator = TextGenerator.of(new FieldFixture("bd3lm").open())) {
      TextEditor editor = new TextEditor(generator);
      assertTrue(editor.infill("abc", 2, "de", 1).text().endsWith("de"), "one block: c|..de");
      assertTrue(
          message(IllegalArgumentException.class, () -> editor.infill("abc", 4, "de", 1))
              .contains("must not stand in a block behind one with holes"));
      assertTrue(
          message(
                  IllegalArgumentException.class,
                  () -> editor.improve("abcdef", 1, 3, text -> 0, TextEditor.Effort.DEFAULT))
              .contains("for models that see the whole text"));
    }
  }
}
