package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.NearestProcess;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.UniformGolden;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReverseSamplerTest {
  private final ExactLaw law = UniformGolden.law("markov_S3_d4");
  private final NoiseProcess process = NoiseProcess.uniform(3);
  private final ReversePlan plan =
      ReversePlan.of(TimeGrid.logLinear(1e-3, 3), ReverseKernel.tweedie())
          .withCorrector(GibbsCorrector.random(2));

  private ReverseSampler sampler(int maxBatch) {
    return new ReverseSampler(NoisyOracle.uniform(law), process, maxBatch);
  }

  private List<ReverseTask> tasks() {
    Canvas canvas = Canvas.of(new int[] {3, 3, 1, 3}, 3);
    ReversePlan other = ReversePlan.of(TimeGrid.uniform(8, 5), ReverseKernel.euler());
    List<ReverseTask> tasks = new ArrayList<>();
    for (int s = 0; s < 20; s++) {
      tasks.add(ReverseTask.of(canvas, s % 3 == 0 ? other : plan, 11, s));
    }
    return tasks;
  }

  @Test
  void neitherBatchSizeNorCompanyMatters() {
    List<Sample> together = sampler(100).run(tasks(), StepListener.NONE);
    List<Sample> apart = sampler(1).run(tasks(), StepListener.NONE);
    boolean differ = false;
    for (int s = 0; s < 20; s++) {
      assertArrayEquals(together.get(s).tokens(), apart.get(s).tokens());
      assertEquals(1, together.get(s).tokens()[2], "the fixed token");
      assertTrue(together.get(s).complete());
      assertEquals(s % 3 == 0 ? 5 : 7, together.get(s).evaluations());
      differ |= together.get(s).tokens()[0] != together.get(0).tokens()[0];
    }
    assertTrue(differ, "samples of one seed must differ");
  }

  /** Proposals in flight, skipped questions and random event times do not change that. */
  @Test
  void confidenceAndUniformizationDoNotDependOnCompanyEither() {
    Canvas canvas = Canvas.of(new int[] {3, 3, 1, 3}, 3);
    ReversePlan steps = ReversePlan.of(TimeGrid.of(2, 0.5, 0.1, 0), ReverseKernel.tweedie());
    ReversePlan careful =
        steps.withCorrector(ConfidenceCorrector.metropolis(SiteRule.LOWEST_LOG_MARGIN, 1, 5));
    List<ReverseTask> tasks = new ArrayList<>();
    for (int s = 0; s < 30; s++) {
      ReverseCourse course = s % 3 == 0 ? plan : s % 3 == 1 ? careful : new Uniformization(4, 0.1);
      tasks.add(new ReverseTask(canvas, course, 12, s, 1, 1));
    }
    List<Sample> together = sampler(100).run(tasks, StepListener.NONE);
    List<Sample> apart = sampler(1).run(tasks, StepListener.NONE);
    int least = Integer.MAX_VALUE;
    for (int s = 0; s < 30; s++) {
      assertArrayEquals(together.get(s).tokens(), apart.get(s).tokens());
      assertEquals(together.get(s).evaluations(), apart.get(s).evaluations());
      assertEquals(1, together.get(s).tokens()[2], "the fixed token");
      assertTrue(together.get(s).complete());
      if (s % 3 == 1) {
        assertTrue(together.get(s).evaluations() <= careful.evaluations());
        least = Math.min(least, together.get(s).evaluations());
      }
    }
    assertTrue(least < careful.evaluations(), "a token that stays needs no new answer");
  }

  /**
   * Exact simulation: the mean number of questions is the formula's to four deviations, seed 3,
   * rate below 1e-4; the wrong twin is the number of a simulation that ends at 0.1.
   */
  @Test
  void uniformizationAsksAsOftenAsItSays() {
    Uniformization course = new Uniformization(4, 0.05);
    int n = 500;
    List<ReverseTask> tasks =
        IntStream.range(0, n)
            .mapToObj(s -> new ReverseTask(Canvas.blank(4, 3), course, 3, s, 1, 1))
            .toList();
    double sum = 0;
    for (Sample sample : sampler(500).run(tasks, StepListener.NONE)) {
      sum += sample.evaluations() - 1;
    }
    // Events are a Poisson process, so their variance is their mean.
    double expected = course.expectedEvents(4, 3);
    double tolerance = 4 * Math.sqrt(expected / n);
    assertEquals(expected, sum / n, tolerance);
    double wrong = new Uniformization(4, 0.1).expectedEvents(4, 3);
    assertTrue(Math.abs(sum / n - wrong) > tolerance, "the wrong end passes");
    assertThrows(IllegalArgumentException.class, () -> new Uniformization(0, 0.1));
    assertThrows(IllegalArgumentException.class, () -> new Uniformization(1, 1));
    assertThrows(IllegalArgumentException.class, () -> new Uniformization(1, 0));
  }

  /** Laws that are no probabilities can break the bound: then it says so and does not clip. */
  @Test
  void uniformizationNeverClipsSilently() {
    Uniformization course = new Uniformization(4, 0.05);
    ReverseTask task = new ReverseTask(Canvas.blank(4, 3), course, 0, 0, 1, 1);
    UniformizationRun run =
        new UniformizationRun(new SamplingRun(StepListener.NONE), 0, task, course, process);
    double[][] broken = new double[4][];
    for (int i = 0; i < 4; i++) {
      broken[i] = new double[] {2, 2, 2};
      broken[i][run.asked()[i]] = -3;
    }
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> run.advance(process, broken));
    assertTrue(refused.toString().contains("must be at most"), refused.toString());
    NoiseProcess other = new NearestProcess(3);
    ReverseSampler elsewhere = new ReverseSampler(new NoisyOracle(law, other), other, 1);
    assertThrows(
        IllegalArgumentException.class, () -> elsewhere.run(List.of(task), StepListener.NONE));
  }

  @Test
  void theListenerSeesEveryMoveAndStops() {
    List<StepEvent> events = new ArrayList<>();
    ReverseTask task = tasks().get(1);
    sampler(1).run(List.of(task), event -> events.add(event));
    assertEquals(7, events.size());
    int[] filled = {3, 1, 1, 3, 1, 1, 3};
    for (int k = 0; k < 7; k++) {
      assertEquals(k, events.get(k).step());
      assertEquals(7, events.get(k).steps());
      assertEquals(filled[k], events.get(k).filled().length);
    }
    Sample stopped = sampler(1).run(List.of(task), event -> event.step() < 2).get(0);
    assertEquals(3, stopped.evaluations());
    assertFalse(stopped.complete());
  }

  @Test
  void aFullCanvasNeedsNoEvaluation() {
    Canvas full = Canvas.of(new int[] {0, 1, 2, 0}, 3);
    List<ReverseTask> task = List.of(ReverseTask.of(full, plan, 0, 0));
    Sample sample = sampler(1).run(task, StepListener.NONE).get(0);
    assertArrayEquals(new int[] {0, 1, 2, 0}, sample.tokens());
    assertEquals(0, sample.evaluations());
    assertTrue(sample.complete());
  }

  @Test
  void refusesMaskingAndAProcessOfAnotherSize() {
    OracleDenoiser masked = new OracleDenoiser(law);
    NoiseProcess four = NoiseProcess.uniform(4);
    assertThrows(IllegalArgumentException.class, () -> new ReverseSampler(masked, four, 1));
    NoisyOracle oracle = NoisyOracle.uniform(law);
    assertThrows(IllegalArgumentException.class, () -> new ReverseSampler(oracle, four, 1));
    assertThrows(IllegalArgumentException.class, () -> sampler(0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ReverseTask(Canvas.blank(4, 3), plan, 0, -1, 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ReverseTask(Canvas.blank(4, 3), plan, 0, 0, 0, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new ReverseTask(Canvas.blank(4, 3), plan, 0, 0, 1, 0));
  }
}
