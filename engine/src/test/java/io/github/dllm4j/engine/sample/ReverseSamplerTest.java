package io.github.dllm4j.engine.sample;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.dllm4j.engine.ctmc.Line;
import io.github.dllm4j.engine.ctmc.NearestProcess;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.ForwardingDenoiser;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.oracle.ExactLaw;
import io.github.dllm4j.engine.oracle.NoisyOracle;
import io.github.dllm4j.engine.oracle.OracleDenoiser;
import io.github.dllm4j.engine.oracle.UniformGolden;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

  /**
   * What the network has said at one level is not taken for another, however little happens in
   * between: every level is asked about.
   */
  @Test
  void everyLevelIsAskedAbout() {
    double[] levels = {0.3, 0.2, 0.1, 0.05, 0};
    ReversePlan quiet =
        ReversePlan.of(TimeGrid.of(levels), ReverseKernel.tweedie())
            .withCorrector(ConfidenceCorrector.metropolis(SiteRule.LOWEST_MAX_PROBABILITY, 0.5, 1));
    for (int s = 0; s < 30; s++) {
      Set<Double> asked = new TreeSet<>();
      Denoiser recording =
          new ForwardingDenoiser(NoisyOracle.uniform(law)) {
            @Override
            public TokenLaws predict(TokenBatch batch, Rows rows) {
              asked.add(batch.sigma(0));
              return inner.predict(batch, rows);
            }
          };
      new ReverseSampler(recording, process, 1)
          .run(List.of(ReverseTask.of(Canvas.blank(4, 3), quiet, 14, s)), StepListener.NONE);
      assertEquals(Set.of(0.3, 0.2, 0.1, 0.05), asked);
    }
  }

  /** Events say of every token that has changed that it has, whatever proposals became of. */
  @Test
  void eventsNameAllThatChanges() {
    ReversePlan moving =
        ReversePlan.of(TimeGrid.of(1, 0.6, 0.3, 0), ReverseKernel.tweedie())
            .withCorrector(ConfidenceCorrector.metropolis(SiteRule.LOWEST_MAX_PROBABILITY, 0.5, 3));
    int rejected = 0;
    int accepted = 0;
    for (int s = 0; s < 60; s++) {
      ReverseTask task = ReverseTask.of(Canvas.blank(4, 3), moving, 15, s);
      List<StepEvent> events = new ArrayList<>();
      sampler(1)
          .run(
              List.of(task),
              event -> {
                events.add(event);
                return true;
              });
      int[] before = PlanRun.prior(task, process);
      boolean proposed = false;
      for (StepEvent event : events) {
        for (int i = 0; i < before.length; i++) {
          boolean named = Arrays.binarySearch(event.filled(), i) >= 0;
          assertTrue(named || before[i] == event.tokens()[i], "token " + i + " of sample " + s);
        }
        // An event without tokens ends with a proposal; the next one says what became of it.
        rejected += proposed && event.filled().length == 0 ? 1 : 0;
        accepted += proposed && event.filled().length > 0 ? 1 : 0;
        proposed = event.filled().length == 0;
        before = event.tokens();
      }
    }
    assertTrue(rejected > 0 && accepted > 0, rejected + " rejected, " + accepted + " accepted");
  }

  /** Laws shaped by one task's temperature or nucleus would show in the tokens of another. */
  @Test
  void shapesOfOthersDoNotMatter() {
    Canvas canvas = Canvas.blank(4, 3);
    List<ReverseTask> tasks = new ArrayList<>();
    for (int s = 0; s < 60; s++) {
      double temperature = s % 3 == 0 ? 1 : s % 3 == 1 ? 0.2 : 5;
      tasks.add(new ReverseTask(canvas, plan, 13, s, temperature, s % 2 == 0 ? 1 : 0.5));
    }
    List<Sample> together = sampler(100).run(tasks, StepListener.NONE);
    boolean shaped = false;
    for (int s = 0; s < 60; s++) {
      int[] alone = tokens(tasks.get(s));
      assertArrayEquals(alone, together.get(s).tokens());
      shaped |= !Arrays.equals(alone, tokens(ReverseTask.of(canvas, plan, 13, s)));
    }
    assertTrue(shaped, "temperature and nucleus must change something");
  }

  private int[] tokens(ReverseTask task) {
    return sampler(1).run(List.of(task), StepListener.NONE).get(0).tokens();
  }

  private static Stream<ReversePlan> failing() {
    TimeGrid grid = TimeGrid.of(1, 0);
    return Stream.of(
        ReversePlan.of(TimeGrid.of(Double.POSITIVE_INFINITY, 1, 0), ReverseKernel.euler()),
        ReversePlan.of(grid, failing(true, false)),
        ReversePlan.of(grid, failing(false, false)),
        ReversePlan.of(grid, failing(true, true)),
        ReversePlan.of(grid, failing(false, true)),
        ReversePlan.of(grid, drawingFrom(new Line(0, 0, 0))),
        ReversePlan.of(grid, drawingFrom(new Line(Double.POSITIVE_INFINITY, 0, 1))));
  }

  /** A kernel whose row or line throws, or is nothing that can be drawn from. */
  private static ReverseKernel failing(boolean throwing, boolean withLine) {
    return new ReverseKernel() {
      @Override
      public double[] row(
          NoiseProcess noise, double[] law, int token, NoiseLevel from, NoiseLevel to) {
        if (throwing) {
          throw new IllegalStateException("no row");
        }
        return new double[] {Double.NaN, Double.NaN, Double.NaN};
      }

      @Override
      public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
        if (withLine && throwing) {
          throw new IllegalStateException("no line");
        }
        return withLine ? Optional.of(new Line(0, 0, Double.NaN)) : Optional.empty();
      }
    };
  }

  /** A kernel whose law is a line that is always the same. */
  private static ReverseKernel drawingFrom(Line always) {
    return new ReverseKernel() {
      @Override
      public double[] row(
          NoiseProcess noise, double[] law, int token, NoiseLevel from, NoiseLevel to) {
        throw new IllegalStateException("there is a line");
      }

      @Override
      public Optional<Line> line(int tokens, double ofToken, NoiseLevel from, NoiseLevel to) {
        return Optional.of(always);
      }
    };
  }

  /** A line of other tokens only, where the law leaves no other: the token cannot move. */
  @Test
  void whereOnlyOthersMayFollowAndThereAreNoneTheRunFails() {
    ExactLaw certain = ExactLaw.diracMixture(new int[][] {{1, 1}}, new double[] {1}, 3);
    ReverseSampler sampler = new ReverseSampler(NoisyOracle.uniform(certain), process, 4);
    Canvas canvas = Canvas.blank(2, 3);
    ReversePlan plan = ReversePlan.of(TimeGrid.of(1, 0), drawingFrom(new Line(1, 0, 0)));
    int failures = 0;
    for (int sample = 0; sample < 16; sample++) {
      ReverseTask task = ReverseTask.of(canvas, plan, 5, sample);
      int[] start = PlanRun.prior(task, process);
      boolean stuck = Arrays.stream(start).anyMatch(token -> token == 1);
      SamplingRun run = sampler.start(List.of(task), StepListener.NONE);
      sampler.round(List.of(run));
      failures += stuck ? 1 : 0;
      if (stuck) {
        assertThrows(IllegalArgumentException.class, run::samples);
      } else {
        assertArrayEquals(new int[] {1, 1}, run.samples().get(0).tokens());
      }
    }
    assertTrue(failures > 0 && failures < 16, failures + " of 16 starts hold the token");
    assertThrows(IllegalArgumentException.class, () -> new Line(2, 0, -1));
    assertThrows(IllegalArgumentException.class, () -> new Line(Double.NaN, 0, 1));
  }

  /**
   * A law that says its token by all but a rounding error leaves others nothing: the token stays.
   */
  @Test
  void whatRoundingLeavesToOthersIsNothing() {
    double almost = 1 - 0x1p-53;
    Denoiser rounded =
        new ForwardingDenoiser(NoisyOracle.uniform(law)) {
          @Override
          public TokenLaws predict(TokenBatch batch, Rows rows) {
            double[][] laws = new double[rows.size()][3];
            for (int r = 0; r < laws.length; r++) {
              laws[r][batch.token(rows.index(r))] = almost;
            }
            return HeapLaws.of(laws);
          }
        };
    ReversePlan moving = ReversePlan.of(TimeGrid.of(1, 0), drawingFrom(new Line(1, 0, 0)));
    ReverseTask task = ReverseTask.of(Canvas.blank(4, 3), moving, 5, 0);
    Sample sample =
        new ReverseSampler(rounded, process, 1).run(List.of(task), StepListener.NONE).get(0);
    assertArrayEquals(PlanRun.prior(task, process), sample.tokens());
  }

  /** Kernels that fail beside a sound task of another run, before it and behind it. */
  @ParameterizedTest
  @MethodSource("failing")
  void aKernelThatFailsEndsItsOwnRunOnly(ReversePlan bad) {
    Canvas canvas = Canvas.blank(4, 3);
    for (ReverseKernel kernel : List.of(ReverseKernel.tweedie(), ReverseKernel.psi(0.5))) {
      ReverseTask sound = ReverseTask.of(canvas, ReversePlan.of(TimeGrid.of(1, 0), kernel), 1, 0);
      for (int first = 0; first < 2; first++) {
        ReverseSampler sampler = sampler(10);
        SamplingRun good = sampler.start(List.of(sound), StepListener.NONE);
        SamplingRun failed =
            sampler.start(List.of(ReverseTask.of(canvas, bad, 1, 0)), StepListener.NONE);
        sampler.round(first == 0 ? List.of(good, failed) : List.of(failed, good));
        assertArrayEquals(tokens(sound), good.samples().get(0).tokens());
        assertTrue(failed.finished());
        assertThrows(RuntimeException.class, failed::samples);
      }
    }
  }

  /** A user's move whose sites cannot be chosen. */
  private record Siteless(NoiseLevel level) implements ReverseMove {
    @Override
    public int choices(int holes) {
      return 1;
    }

    @Override
    public int[] sites(int holes, int choice) {
      throw new IllegalStateException("no sites");
    }

    @Override
    public double[] row(NoiseProcess noise, double[] leaveOneOut, int token) {
      return leaveOneOut.clone();
    }
  }

  private record Broken(int updates, boolean exact) implements Corrector {
    @Override
    public List<ReverseMove> moves(NoiseLevel from, NoiseLevel at) {
      return List.of(new Siteless(at));
    }
  }

  @Test
  void aQuestionThatFailsEndsItsOwnRunOnly() {
    Canvas canvas = Canvas.blank(4, 3);
    ReversePlan two = ReversePlan.of(TimeGrid.of(1, 0.5, 0), ReverseKernel.tweedie());
    ReverseTask sound = ReverseTask.of(canvas, two, 1, 0);
    ReversePlan bad = two.withCorrector(new Broken(1, false));
    ReverseSampler sampler = sampler(10);
    SamplingRun good = sampler.start(List.of(sound), StepListener.NONE);
    SamplingRun failed =
        sampler.start(List.of(ReverseTask.of(canvas, bad, 1, 0)), StepListener.NONE);
    sampler.round(List.of(failed, good));
    sampler.round(List.of(failed, good));
    assertArrayEquals(tokens(sound), good.samples().get(0).tokens());
    assertThrows(IllegalStateException.class, failed::samples);
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
