package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.constrain.Constraint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class TextGeneratorTest {
  private static final int LENGTH = TinyModel.LENGTH;
  @TempDir static Path folder;
  private static TextGenerator generator;

  @BeforeAll
  static void train() throws IOException {
    TinyModel.masking(folder);
    generator = TextGenerator.open(folder);
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  @Test
  void theSameRequestGivesTheSameText() {
    GenerationRequest request = GenerationRequest.prompt("ab").withSteps(5).withSeed(3);
    GenerationResult first = generator.generate(request);
    assertTrue(first.text().startsWith("ab"));
    assertEquals(first.text(), generator.generate(request).text());
    assertFalse(first.text().equals(generator.generate(request.withSeed(4)).text()));
  }

  @Test
  void aSampleDoesNotDependOnTheOthers() {
    GenerationRequest request = GenerationRequest.unconditional().withSteps(4).withSamples(40);
    List<GenerationResult.Text> many = generator.generate(request).samples();
    List<GenerationResult.Text> few = generator.generate(request.withSamples(3)).samples();
    for (int i = 0; i < few.size(); i++) {
      assertEquals(many.get(i).tokens(), few.get(i).tokens());
    }
  }

  @Test
  void threadsShareAGenerator() throws Exception {
    var pool = Executors.newFixedThreadPool(4);
    try {
      List<Future<String>> texts = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        GenerationRequest request = GenerationRequest.unconditional().withSteps(4).withSeed(i % 4);
        texts.add(pool.submit(() -> generator.generate(request).text()));
      }
      for (int i = 4; i < 16; i++) {
        assertEquals(texts.get(i % 4).get(), texts.get(i).get());
      }
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void theListenerSeesEveryStepAndMayStop() {
    List<GenerationListener.Step> steps = new ArrayList<>();
    generator.generate(
        GenerationRequest.unconditional().withSteps(4),
        step -> {
          steps.add(step);
          return true;
        });
    assertEquals(4, steps.size());
    assertTrue(steps.get(0).canvas().contains(GenerationListener.HOLE));
    assertFalse(steps.get(3).canvas().contains(GenerationListener.HOLE));
    GenerationResult stopped =
        generator.generate(GenerationRequest.unconditional().withSteps(4), step -> false);
    assertEquals(GenerationResult.Finish.CANCELLED, stopped.samples().get(0).finish());
    assertEquals(1, stopped.samples().get(0).evaluations());
  }

  @Test
  void theRecordSaysHowItWasMade() {
    GenerationResult result =
        generator.generate(GenerationRequest.template("ab{3}").withSteps(2).withSeed(9));
    assertEquals("mask-predictor", result.plan().sampler());
    assertEquals("optimal", result.plan().schedule());
    assertEquals(9, result.seed());
    assertEquals(folder.toString(), result.model());
    assertTrue(result.versions().contains("PyTorch"));
    assertEquals(5, result.samples().get(0).tokens().size());
  }

  /** A plan foretells what generating says afterwards, and a listener sees no step of it. */
  @Test
  void aPlanIsWhatWillBeDone() {
    GenerationRequest free = GenerationRequest.unconditional();
    for (GenerationRequest request :
        List.of(
            free,
            free.withEpsilon(0.5),
            free.withSteps(3),
            GenerationRequest.prompt("ab").withSteps(4).withTemperature(0.5),
            free.withSteps(2).withSampler(PlanChoice.ofSampler("confidence")))) {
      GenerationPlan plan = generator.plan(request);
      GenerationResult result = generator.generate(request);
      GenerationResult.Text sample = result.samples().get(0);
      assertEquals(sample.steps(), plan.steps().orElseThrow());
      assertEquals(result.plan(), plan);
    }
    int cheap = generator.plan(free.withEpsilon(5)).steps().orElseThrow();
    int good = generator.plan(free.withEpsilon(0.01)).steps().orElseThrow();
    assertTrue(cheap < good, cheap + " and " + good);
    assertThrows(IllegalArgumentException.class, () -> generator.plan(free.withLength(LENGTH + 1)));
  }

  @Test
  void whatDoesNotFitIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> generator.generate(GenerationRequest.unconditional().withLength(LENGTH + 1)));
    assertThrows(
        IllegalArgumentException.class,
        () -> generator.generate(GenerationRequest.template("a{" + LENGTH + "}")));
    assertThrows(
        IllegalArgumentException.class, () -> GenerationRequest.template("{2}").withPrompt("a"));
    assertThrows(
        IllegalArgumentException.class, () -> GenerationRequest.unconditional().withSamples(0));
    assertThrows(IOException.class, () -> TextGenerator.open(folder.resolve("none")));
  }

  @Test
  void whatIsClosedAnswersNothing() throws IOException {
    TextGenerator own = TextGenerator.open(folder);
    GenerationRequest request = GenerationRequest.prompt("ab");
    assertEquals(2, own.given(request));
    own.close();
    for (Executable asked :
        List.<Executable>of(
            () -> own.given(request), () -> own.generate(request), () -> own.submit(request))) {
      IllegalStateException e = assertThrows(IllegalStateException.class, asked);
      assertEquals("the generator is closed", e.getMessage());
    }
  }

  @Test
  void constrainedTextIsWhatItMustBe() {
    Constraint word = Constraint.regex("[a-h]{2,4}( [a-h]+)?");
    for (String sampler : List.of("mask-predictor", "confidence", "threshold:0.5", "tweedie")) {
      GenerationRequest request =
          GenerationRequest.template("ab<{9}>cd")
              .withSampler(PlanChoice.ofSampler(sampler))
              .withSamples(6)
              .withConstraint(word);
      GenerationResult result = generator.generate(request);
      for (GenerationResult.Text sample : result.samples()) {
        String text = sample.text();
        assertTrue(text.startsWith("ab<") && text.endsWith(">cd"), text);
        String inside = text.substring(3, text.length() - 3);
        assertTrue(word.accepts(inside), text);
        assertEquals(
            inside.length() < 9 ? GenerationResult.Finish.END : GenerationResult.Finish.LENGTH,
            sample.finish());
      }
      assertEquals(
          result.samples().get(1).tokens(),
          generator.generate(request.withSamples(2)).samples().get(1).tokens());
      assertTrue(result.plan().predictedKlNats().isEmpty());
      assertTrue(result.plan().note().length() > 0);
    }
    GenerationRequest prompt = GenerationRequest.prompt("ab").withSteps(2);
    GenerationResult held = generator.generate(prompt.withConstraint(Constraint.regex("c{14}")));
    assertEquals("ab" + "c".repeat(14), held.text());
    assertEquals("the constraint changes the law the curve was measured for", held.plan().note());
    GenerationResult auto =
        generator.generate(
            GenerationRequest.unconditional().withConstraint(Constraint.regex("c{14}")));
    assertEquals("c".repeat(14), auto.text());
    assertTrue(
        auto.plan().note().endsWith("its steps were chosen as without it"), auto.plan().note());
  }

  /** Kept text between holes belongs to what the constraint describes. */
  @Test
  void aConstraintReachesFromTheFirstHoleToTheLast() {
    Constraint pair = Constraint.regex("\\d{2}-[a-d]{2,3}");
    GenerationRequest request = GenerationRequest.template("x {2}-{3}").withSamples(4);
    for (GenerationResult.Text sample :
        generator.generate(request.withConstraint(pair)).samples()) {
      assertTrue(pair.accepts(sample.text().substring(2)), sample.text());
    }
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> generator.generate(request.withConstraint(Constraint.regex("[a-d]*"))));
    assertTrue(String.valueOf(e.getMessage()).contains("contradicts"), e.getMessage());
  }

  @Test
  void whatNoTextCanSatisfyIsRefusedBeforeTheNetworkIsAsked() {
    GenerationRequest request =
        GenerationRequest.unconditional().withConstraint(Constraint.regex("a{40}"));
    boolean[] asked = new boolean[1];
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> generator.generate(request, step -> asked[0] = true));
    assertEquals("the constraint needs 40 tokens or more, the holes have 16", e.getMessage());
    assertFalse(asked[0]);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            generator.generate(
                GenerationRequest.unconditional()
                    .withConstraint(Constraint.regex("a*"))
                    .withSampler(PlanChoice.ofSampler("theta-trapezoidal"))));
  }

  @Test
  void greedyTakesTheSameTextForEverySeed() {
    Constraint word = Constraint.regex("[a-z ]{3,16}");
    GenerationRequest request = GenerationRequest.unconditional().withSteps(1);
    Set<String> greedy = new HashSet<>();
    Set<String> drawn = new HashSet<>();
    for (long seed = 0; seed < 4; seed++) {
      greedy.add(generator.generate(request.withSeed(seed).withConstraint(word.greedy())).text());
      drawn.add(generator.generate(request.withSeed(seed).withConstraint(word)).text());
    }
    assertEquals(1, greedy.size());
    assertTrue(drawn.size() > 1);
  }
}
