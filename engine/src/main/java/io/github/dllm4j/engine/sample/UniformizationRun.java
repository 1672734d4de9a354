package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.ctmc.TokenRates;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.List;
import java.util.Locale;

/** A task that jumps from event to event of the reverse process, then denoises. */
final class UniformizationRun implements ReverseRun {
  /** By how much rounding may lift a rate of leaving above its bound. */
  private static final double ROUNDING = 1 + 1e-9;

  private final SamplingRun run;
  private final int index;
  private final ReverseTask task;
  private final Uniformization course;
  private final int symbols;
  private final int[] holes;
  private final int[] tokens;
  private double sigma;
  private int evaluations;
  private boolean finished;

  UniformizationRun(
      SamplingRun run, int index, ReverseTask task, Uniformization course, NoiseProcess process) {
    if (!process.equals(NoiseProcess.uniform(process.stateCount()))) {
      throw new IllegalArgumentException("uniformization needs uniform noise, got " + process);
    }
    this.run = run;
    this.index = index;
    this.task = task;
    this.course = course;
    symbols = process.stateCount();
    holes = task.canvas().holes();
    tokens = PlanRun.prior(task, process);
    finished = holes.length == 0;
    sigma = course.horizon();
    goDown();
  }

  /** To the next candidate event. */
  private void goDown() {
    if (!finished) {
      sigma = course.next(sigma, holes.length, symbols, uniform(0, Purpose.EVENT_TIME));
    }
  }

  @Override
  public SamplingRun run() {
    return run;
  }

  @Override
  public ReverseTask task() {
    return task;
  }

  @Override
  public boolean finished() {
    return finished;
  }

  @Override
  public double sigma() {
    return sigma;
  }

  @Override
  public int[] asked() {
    return tokens;
  }

  @Override
  public int[] positions() {
    return holes;
  }

  @Override
  public StepEvent advance(NoiseProcess process, double[][] laws) {
    int[] changed = sigma > course.delta() ? jump(process, laws) : denoise(process, laws);
    evaluations++;
    goDown();
    int expected = (int) Math.ceil(course.expectedEvents(holes.length, symbols)) + 1;
    int steps = finished ? evaluations : Math.max(expected, evaluations + 1);
    return new StepEvent(index, evaluations - 1, steps, tokens.clone(), changed);
  }

  /** One token jumps, or none; returns its position. */
  private int[] jump(NoiseProcess process, double[][] laws) {
    double[][] rates = new double[holes.length][];
    double total = 0;
    for (int h = 0; h < holes.length; h++) {
      rates[h] = TokenRates.REVERSE.of(process, laws[h], tokens[holes[h]], sigma);
      for (double rate : rates[h]) {
        total += rate;
      }
    }
    double bound = holes.length * Uniformization.bound(sigma, symbols);
    if (!(total <= bound * ROUNDING)) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "the rate of leaving at sigma %s must be at most %s, got %s: the denoiser's laws are"
                  + " no probabilities",
              sigma,
              bound,
              total));
    }
    double left = uniform(0, Purpose.EVENT) * bound;
    for (int h = 0; h < holes.length; h++) {
      for (int b = 0; b < symbols; b++) {
        left -= rates[h][b];
        if (left < 0) {
          tokens[holes[h]] = b;
          return new int[] {holes[h]};
        }
      }
    }
    return new int[0];
  }

  private int[] denoise(NoiseProcess process, double[][] laws) {
    NoiseLevel from = NoiseLevel.unitRate(sigma);
    NoiseLevel data = NoiseLevel.unitRate(0);
    for (int h = 0; h < holes.length; h++) {
      double[] row = ReverseKernel.tweedie().row(process, laws[h], tokens[holes[h]], from, data);
      tokens[holes[h]] = HeapLaws.draw(row, uniform(holes[h], Purpose.DRAW));
    }
    finished = true;
    return holes.clone();
  }

  private double uniform(int position, Purpose purpose) {
    return KeyedRandom.uniform(task.seed(), task.sample(), evaluations, position, purpose);
  }

  @Override
  public List<Sample> samples() {
    return List.of(new Sample(tokens.clone(), evaluations, evaluations, finished));
  }
}
