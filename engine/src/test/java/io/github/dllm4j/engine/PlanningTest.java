package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurvePlanner;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.info.CurveStudy;
import io.github.dllm4j.engine.info.InformationCurve;
import io.github.dllm4j.engine.info.SamplingCost;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.DependenceKernel;
import io.github.dllm4j.engine.sample.SizePlan;
import io.github.dllm4j.engine.train.Refusal;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The planner's choice is the fewest steps within the budget, and it promises only where it may.
 */
class PlanningTest {
  private static final int LENGTH = 12;
  private static final int MASK = 9;

  /** h(j) = 3 (1 - j / 24)^4: smooth and strictly decreasing. */
  private static InformationCurve curve() {
    double[] h = new double[LENGTH];
    for (int j = 0; j < LENGTH; j++) {
      h[j] = 3 * Math.pow(1 - j / 24.0, 4);
    }
    return InformationCurve.exact(h);
  }

  /** Four examples that all say the same. */
  private static CurveSample sample(int length, InformationCurve.Source source) {
    double[] h = new double[length];
    for (int j = 0; j < length; j++) {
      h[j] = 3 * Math.pow(1 - j / 24.0, 4);
    }
    return CurveSample.of(source, CurveNodes.all(length), Collections.nCopies(4, h));
  }

  private static Planning.Planned plan(GenerationRequest request, Canvas canvas) {
    PlanChoice choice = (PlanChoice) request.sampler().orElse(PlanChoice.OPTIMAL);
    return Planning.plan(
        request,
        choice,
        canvas,
        () ->
            Optional.of(
                CurvePlanner.of(
                    new CurveStudy(
                        sample(LENGTH, InformationCurve.Source.MODEL_CROSS_ENTROPY),
                        sample(LENGTH, InformationCurve.Source.MODEL_ENTROPY),
                        100))),
        () -> sample(canvas.holeCount(), InformationCurve.Source.MODEL_SAMPLES),
        () -> DependenceKernel.of(new double[][] {{0.1}}));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.01, 0.1, 0.5, 1, 2, 5, 100})
  void automaticStepsAreTheFewestWithinTheBudget(double epsilon) {
    Canvas blank = Canvas.blank(LENGTH, MASK);
    for (String name : new String[] {"optimal", "balanced", "cosine", "back"}) {
      PlanChoice choice = PlanChoice.OPTIMAL.withPlan(name);
      GenerationRequest request =
          GenerationRequest.unconditional().withSampler(choice).withEpsilon(epsilon);
      SizePlan chosen = (SizePlan) plan(request, blank).plan();
      assertTrue(SamplingCost.conditionalKl(curve(), chosen) <= epsilon + 1e-12, name);
      for (int steps = 1; steps < chosen.steps(); steps++) {
        SizePlan fewer = (SizePlan) plan(request.withSteps(steps), blank).plan();
        assertTrue(SamplingCost.conditionalKl(curve(), fewer) > epsilon, name);
      }
    }
  }

  /**
   * A code any 3 of whose 12 symbols say all others: 4 steps of 3 cost nothing, 6 and 9 do, so that
   * halving would end at more.
   */
  @Test
  void fewerStepsMayCostLess() {
    double[] h = new double[12];
    Arrays.fill(h, 0, 3, Math.log(5));
    Planning.Planned planned =
        Planning.plan(
            GenerationRequest.unconditional().withEpsilon(0),
            PlanChoice.OPTIMAL.withPlan("balanced"),
            Canvas.blank(12, MASK),
            () -> Optional.of(CurvePlanner.of(InformationCurve.exact(h))),
            () -> sample(12, InformationCurve.Source.MODEL_SAMPLES),
            () -> DependenceKernel.of(new double[][] {{0.1}}));
    assertEquals(4, planned.plan().steps(12));
  }

  @Test
  void stepsAreNotForSamplersThatDecideThem() {
    for (String name : List.of("first-hitting", "threshold:0.9", "entropy-bound:1")) {
      GenerationRequest request =
          GenerationRequest.unconditional().withSampler(PlanChoice.ofSampler(name));
      Canvas blank = Canvas.blank(LENGTH, MASK);
      plan(request, blank);
      String message =
          String.valueOf(
              assertThrows(IllegalArgumentException.class, () -> plan(request.withSteps(4), blank))
                  .getMessage());
      assertTrue(message.startsWith(name + " ("), message);
      assertTrue(message.endsWith(") decides its steps itself: give no steps, got 4"), message);
    }
  }

  /** As many steps as are asked for are made, also where the last block is short. */
  @Test
  void noStepsAreLostInBlocks() {
    for (int holes : new int[] {9, 16, 20}) {
      for (int steps = (holes + 7) / 8; steps <= holes; steps++) {
        GenerationRequest request =
            GenerationRequest.unconditional()
                .withSampler(PlanChoice.ofSampler("confidence").withPlan("balanced").withBlocks(8))
                .withSteps(steps);
        assertEquals(steps, plan(request, Canvas.blank(holes, MASK)).plan().steps(holes));
      }
    }
  }

  @Test
  void theTauLeapingFamilyIsPlannedToo() {
    GenerationRequest request =
        GenerationRequest.unconditional()
            .withSampler(PlanChoice.ofSampler("modified-tau-leaping"))
            .withEpsilon(1);
    Planning.Planned planned = plan(request, Canvas.blank(LENGTH, MASK));
    assertTrue(planned.predictedKlNats().orElseThrow().mean() <= 1);
    assertTrue(planned.plan().steps(LENGTH) > 1);
  }

  @Test
  void predictedIsTheCostOfThePlanOnTheCurve() {
    Planning.Planned planned =
        plan(GenerationRequest.unconditional().withSteps(3), Canvas.blank(LENGTH, MASK));
    assertEquals(
        SamplingCost.conditionalKl(curve(), (SizePlan) planned.plan()),
        planned.predictedKlNats().orElseThrow().mean(),
        1e-12);
    assertEquals("", planned.note());
  }

  @Test
  void givenTextIsPlannedOnItsOwnCurve() {
    int[] tokens = Canvas.blank(LENGTH, MASK).tokens();
    tokens[0] = 1;
    for (Canvas canvas : new Canvas[] {Canvas.of(tokens, MASK), Canvas.blank(6, MASK)}) {
      Planning.Planned planned = plan(GenerationRequest.unconditional().withEpsilon(0.5), canvas);
      SizePlan sizes = (SizePlan) planned.plan();
      assertEquals(canvas.holeCount(), sizes.holes());
      InformationCurve own =
          sample(canvas.holeCount(), InformationCurve.Source.MODEL_SAMPLES).curve();
      // Never below what the text's own curve says; above it where the known curve says more.
      double predicted = planned.predictedKlNats().orElseThrow().mean();
      assertTrue(predicted >= SamplingCost.conditionalKl(own, sizes) - 1e-12);
      assertTrue(predicted <= 0.5);
      assertTrue(planned.note().contains("4 samples of the model"), planned.note());
      // What needs no curve is not measured, and then nothing is said.
      PlanChoice balanced = PlanChoice.OPTIMAL.withPlan("balanced");
      Planning.Planned given =
          plan(GenerationRequest.unconditional().withSampler(balanced).withSteps(3), canvas);
      assertTrue(given.predictedKlNats().isEmpty());
      assertFalse(given.note().isEmpty());
    }
  }

  @Test
  void nothingIsPromisedForAnotherLaw() {
    Canvas blank = Canvas.blank(LENGTH, MASK);
    assertTrue(
        plan(GenerationRequest.unconditional().withTemperature(0.5), blank)
            .predictedKlNats()
            .isEmpty());
    assertTrue(
        plan(GenerationRequest.unconditional().withTopP(0.5), blank).predictedKlNats().isEmpty());
  }

  @Test
  void withoutInformationTheModelsOwnCurveServes() {
    Canvas blank = Canvas.blank(LENGTH, MASK);
    Planning.Planned planned =
        Planning.plan(
            GenerationRequest.unconditional().withSteps(4),
            PlanChoice.OPTIMAL,
            blank,
            Optional::empty,
            () -> sample(LENGTH, InformationCurve.Source.MODEL_SAMPLES),
            () -> DependenceKernel.of(new double[][] {{0.1}}));
    assertEquals(4, planned.plan().steps(LENGTH));
    assertTrue(planned.predictedKlNats().isPresent());
    assertFalse(planned.note().isEmpty());
  }

  @Test
  void namesAreChecked() {
    for (String bad :
        new String[] {
          "magic", "threshold", "threshold:x", "entropy-bound:-1", "dependence-bound"
        }) {
      assertThrows(IllegalArgumentException.class, () -> PlanChoice.ofSampler(bad), bad);
    }
    for (String bad : new String[] {"threshold:-1", "remask-cap:x", "remask-loop:1e3"}) {
      String message =
          Refusal.message(IllegalArgumentException.class, () -> PlanChoice.ofSampler(bad));
      assertTrue(message.startsWith("X of ") && message.endsWith(bad), message);
    }
    for (String name : new String[] {"magic", "euler:3", "threshold"}) {
      String message =
          Refusal.message(IllegalArgumentException.class, () -> PlanChoice.ofSampler(name));
      assertTrue(message.startsWith("sampler must be one of ") && message.endsWith(name), message);
    }
    PlanChoice euler = PlanChoice.ofSampler("euler");
    assertThrows(IllegalArgumentException.class, () -> euler.withPlan("zigzag"));
    assertThrows(IllegalArgumentException.class, () -> euler.withGrid("zigzag", 8, 0.02));
    assertThrows(IllegalArgumentException.class, () -> euler.withGrid("uniform", -1, 0.02));
    assertThrows(IllegalArgumentException.class, () -> euler.withGrid("uniform", 8, 9));
  }

  @Test
  void confidenceOrdersArePlannedLikeRandomOnesAndPromiseNothing() {
    Canvas blank = Canvas.blank(LENGTH, MASK);
    Planning.Planned random = plan(GenerationRequest.unconditional().withEpsilon(1), blank);
    for (String name : new String[] {"confidence", "margin", "entropy", "candidate-confidence"}) {
      Planning.Planned surest =
          plan(
              GenerationRequest.unconditional()
                  .withSampler(PlanChoice.ofSampler(name))
                  .withEpsilon(1),
              blank);
      assertEquals(random.plan().steps(LENGTH), surest.plan().steps(LENGTH));
      assertTrue(surest.predictedKlNats().isEmpty());
      assertTrue(surest.note().startsWith("heuristic"));
    }
    for (String name :
        new String[] {"threshold:0.9", "entropy-bound:0.5", "dependence-bound:0.5"}) {
      GenerationRequest request =
          GenerationRequest.unconditional().withSampler(PlanChoice.ofSampler(name));
      assertEquals(LENGTH, plan(request, blank).plan().steps(LENGTH));
    }
  }
}
