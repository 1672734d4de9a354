package io.github.dllm4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.info.DecaySample;
import io.github.dllm4j.engine.info.InformationDecay;
import io.github.dllm4j.engine.info.ReversePlanner;
import io.github.dllm4j.engine.loss.BlockDecay;
import io.github.dllm4j.engine.oracle.ExactDecay;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import io.github.dllm4j.engine.train.Refusal;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Grids of uniform models: the fewest steps within the budget, promises only where they hold. */
class ReversePlanningTest {
  private static final int LENGTH = 4;
  private static final ExactLaw LAW =
      ExactLaw.markov(LENGTH, new double[] {0.5, 0.5}, new double[][] {{0.8, 0.2}, {0.2, 0.8}});

  /** Four examples that say what the law's decay is. */
  private static DecaySample decay() {
    InformationDecay exact = new ExactDecay(LAW);
    double[] levels = new double[65];
    double ratio = BlockDecay.HORIZON / ReversePlanner.LOWEST;
    Arrays.setAll(levels, n -> BlockDecay.HORIZON * Math.pow(ratio, n / 64.0 - 1));
    double[] left = new double[4];
    Arrays.fill(left, exact.left(0));
    List<double[]> rates = Collections.nCopies(4, Arrays.stream(levels).map(exact::rate).toArray());
    return DecaySample.of(levels, left, rates);
  }

  private static GenerationRequest request() {
    return GenerationRequest.unconditional();
  }

  private static ReversePlanning.Planned plan(
      GenerationRequest request, ReverseChoice choice, Canvas canvas) {
    return ReversePlanning.plan(request, choice, canvas, LENGTH, Optional.of(decay()));
  }

  private static Canvas blank() {
    return Canvas.blank(LENGTH, 2);
  }

  @ParameterizedTest
  @CsvSource({
    "optimal, 0.2",
    "optimal, 0.05",
    "log-linear, 0.2",
    "log-linear, 0.05",
    "geometric, 0.2"
  })
  void automaticStepsAreTheFewestWithinTheBudget(String grid, double epsilon) {
    ReverseChoice choice = ReverseChoice.TWEEDIE.withGrid(grid);
    ReversePlanning.Planned planned = plan(request().withEpsilon(epsilon), choice, blank());
    ReversePlan course = (ReversePlan) planned.course();
    double price = planned.predictedPathKlNats().orElseThrow().mean();
    assertTrue(price <= epsilon);
    assertEquals(
        decay().pathKl(choice.grid(course.steps(), ReversePlanningTest::planner)).mean(),
        price,
        1e-12);
    ReversePlanning.Planned fewer = plan(request().withSteps(course.steps() - 1), choice, blank());
    assertTrue(fewer.predictedPathKlNats().orElseThrow().mean() > epsilon);
    assertTrue(planned.note().contains("path KL"));
  }

  private static ReversePlanner planner() {
    return ReversePlanner.of(decay());
  }

  @Test
  void theOptimalGridIsCheaperThanTheUsualOnes() {
    double optimal = price(ReverseChoice.TWEEDIE.withGrid("optimal"));
    assertTrue(optimal < price(ReverseChoice.TWEEDIE));
    assertTrue(optimal < price(ReverseChoice.TWEEDIE.withGrid("geometric")));
    TimeGrid grid = ReverseChoice.TWEEDIE.withGrid("optimal").grid(8, ReversePlanningTest::planner);
    assertEquals(8, grid.steps());
    assertEquals(BlockDecay.HORIZON, grid.level(0), 1e-9);
  }

  private static double price(ReverseChoice choice) {
    return plan(request().withSteps(8), choice, blank()).predictedPathKlNats().orElseThrow().mean();
  }

  @ParameterizedTest
  @ValueSource(strings = {"euler", "tau-leaping", "maximal-coupling", "psi:0.5"})
  void nothingIsPromisedWhereNoPathKlIsKnown(String sampler) {
    ReverseChoice choice = ReverseChoice.ofSampler(sampler).withGrid("optimal");
    ReversePlanning.Planned planned = plan(request().withEpsilon(0.1), choice, blank());
    assertTrue(planned.predictedPathKlNats().isEmpty());
    assertTrue(planned.note().contains("no path KL"), planned.note());
    // Its steps are those of additive tau-leaping.
    ReverseChoice additive = ReverseChoice.ofSampler("additive-tau-leaping").withGrid("optimal");
    assertEquals(
        ((ReversePlan) plan(request().withEpsilon(0.1), additive, blank()).course()).steps(),
        ((ReversePlan) planned.course()).steps());
  }

  @Test
  void nothingIsPromisedOfAnotherLaw() {
    ReverseChoice optimal = ReverseChoice.TWEEDIE.withGrid("optimal");
    GenerationRequest eight = request().withSteps(8);
    int[] tokens = blank().tokens();
    tokens[0] = 1;
    for (Canvas canvas : new Canvas[] {Canvas.of(tokens, 2), Canvas.blank(3, 2)}) {
      ReversePlanning.Planned planned = plan(eight, optimal, canvas);
      assertTrue(planned.predictedPathKlNats().isEmpty());
      assertTrue(planned.note().contains("whole sequences"), planned.note());
      assertThrows(IllegalArgumentException.class, () -> plan(request(), optimal, canvas));
    }
    for (GenerationRequest other :
        new GenerationRequest[] {eight.withTemperature(0.5), eight.withTopP(0.5)}) {
      assertTrue(plan(other, optimal, blank()).predictedPathKlNats().isEmpty());
    }
    ReverseChoice corrected = optimal.withCorrector("gibbs", 1, "random");
    assertTrue(plan(eight, corrected, blank()).note().contains("corrector"));
    ReverseChoice heuristic = optimal.withCorrector("ctmc", 1, "random");
    assertTrue(plan(eight, heuristic, blank()).note().startsWith("heuristic"));
    ReverseChoice exact = ReverseChoice.ofSampler(ReverseChoice.UNIFORMIZATION);
    assertTrue(plan(request(), exact, blank()).predictedPathKlNats().isEmpty());
    // The uniform grid begins at 8 nats, the rates end at 6.9.
    ReverseChoice high = ReverseChoice.TWEEDIE.withGrid("uniform");
    assertTrue(plan(eight, high, blank()).note().contains("above the noise"));
    assertThrows(IllegalArgumentException.class, () -> plan(request(), high, blank()));
  }

  @Test
  void whatCannotBeKnownIsRefused() {
    ReverseChoice optimal = ReverseChoice.TWEEDIE.withGrid("optimal");
    for (GenerationRequest asked : new GenerationRequest[] {request(), request().withSteps(8)}) {
      String message =
          Refusal.message(
              IllegalArgumentException.class,
              () -> ReversePlanning.plan(asked, optimal, blank(), LENGTH, Optional.empty()));
      assertTrue(message.contains("dllm plan"), message);
    }
    ReversePlanning.Planned unpriced =
        ReversePlanning.plan(
            request().withSteps(8), ReverseChoice.TWEEDIE, blank(), LENGTH, Optional.empty());
    assertTrue(unpriced.predictedPathKlNats().isEmpty());
    String message =
        Refusal.message(
            IllegalArgumentException.class,
            () -> plan(request().withEpsilon(1e-6), optimal, blank()));
    assertTrue(message.contains("240 steps"), message);
    assertThrows(IllegalArgumentException.class, () -> optimal.plan(8));
  }
}
