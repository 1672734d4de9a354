package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.CausalModel.Reading;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The sampler loop of an autoregressive model: x_i ~ p(x_i | x_0 .. x_{i-1}), one after the other.
 *
 * <p>Exact: at temperature 1 and without a nucleus the samples have the model's law. As many steps
 * and evaluations as there are holes. Every draw is keyed by (seed, sample, step, position), so a
 * sample does not depend on the batch.
 */
public final class LeftToRightSampler implements Rounds {
  private final CausalModel model;
  private final int maxBatch;

  /**
   * A sampler over a network or an exact law.
   *
   * @param model not closed by the sampler
   * @param maxBatch most sequences in one network call, at least 1
   */
  public LeftToRightSampler(CausalModel model, int maxBatch) {
    if (maxBatch < 1) {
      throw new IllegalArgumentException("maxBatch must be at least 1, got " + maxBatch);
    }
    this.model = model;
    this.maxBatch = maxBatch;
  }

  /**
   * What to make.
   *
   * @param canvas a beginning, then holes
   * @param samples how many, at least 1
   * @param seed the request's seed
   * @param temperature laws are raised to the power 1/temperature; above 0
   * @param topP mass of the nucleus that is drawn from, in (0, 1]; 1 is all
   */
  public record Task(Canvas canvas, int samples, long seed, double temperature, double topP) {

    /** Checks the ranges. */
    public Task {
      if (samples < 1) {
        throw new IllegalArgumentException("samples must be at least 1, got " + samples);
      }
      SamplingTask.check(samples - 1, temperature, topP);
      int known = canvas.length() - canvas.holeCount();
      for (int hole : canvas.holes()) {
        if (hole < known) {
          throw new IllegalArgumentException(
              String.format(
                  Locale.ROOT,
                  "left to right, holes must be the last %d of %d tokens, got one at %d",
                  canvas.holeCount(),
                  canvas.length(),
                  hole));
        }
      }
    }

    private boolean shapes() {
      return temperature != 1 || topP != 1;
    }
  }

  /**
   * Makes all samples, or what there is of them when the listener stops.
   *
   * @param listener called after every token of every sample
   * @return the samples, in their order
   * @throws IllegalArgumentException if the canvas is longer than the model
   */
  public List<Sample> run(Task task, StepListener listener) {
    SamplingRun run = start(task, listener);
    try {
      while (!run.finished()) {
        round(List.of(run));
      }
    } finally {
      run.stop();
    }
    return run.samples();
  }

  /**
   * Samples that go on by {@link #round}; those of two runs share no network call.
   *
   * @throws IllegalArgumentException if the canvas is longer than the model
   */
  public SamplingRun start(Task task, StepListener listener) {
    if (task.canvas.length() > model.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the sequence has %d tokens, the model takes at most %d",
              task.canvas.length(),
              model.length()));
    }
    SamplingRun run = new SamplingRun(listener);
    for (int first = 0; first < task.samples; first += maxBatch) {
      run.add(new Readers(run, task, first, Math.min(maxBatch, task.samples - first)));
    }
    return run;
  }

  @Override
  public void round(List<SamplingRun> runs) {
    for (SamplingRun run : runs) {
      run.open(Readers.class, 1).toList().forEach(Readers::next);
    }
  }

  /** Samples that are read and written together. */
  private final class Readers implements SamplingRun.Part {
    private final SamplingRun run;
    private final Task task;
    private final int first;
    private final int[][] tokens;
    private final int[] holes;
    private @Nullable Reading reading; // open from the first token to the last
    private int done;

    Readers(SamplingRun run, Task task, int first, int count) {
      this.run = run;
      this.task = task;
      this.first = first;
      holes = task.canvas.holes();
      tokens = new int[count][];
      Arrays.setAll(tokens, b -> task.canvas.tokens());
    }

    /** One token of every sample. */
    void next() {
      int known = task.canvas.length() - holes.length;
      int k = done;
      try {
        Reading open = reading == null ? model.read(tokens.length) : reading;
        reading = open;
        int[] drawn;
        int from = k == 0 ? 0 : known + k - 1;
        try (TokenLaws laws = open.next(stretch(tokens, from, known + k))) {
          drawn = draw(laws, task, first, k, holes[k]);
        }
        done++;
        for (int b = 0; b < tokens.length; b++) {
          tokens[b][holes[k]] = drawn[b];
          int[] filled = {holes[k]};
          run.report(new StepEvent(first + b, k, holes.length, tokens[b].clone(), filled));
        }
      } catch (RuntimeException e) {
        run.fail(e);
      }
      if (finished() || !run.going()) {
        release();
      }
    }

    @Override
    public boolean finished() {
      return done == holes.length;
    }

    @Override
    public List<Sample> samples() {
      return Arrays.stream(tokens)
          .map(one -> new Sample(one.clone(), holes.length, done, finished()))
          .toList();
    }

    @Override
    public void release() {
      if (reading != null) {
        reading.close();
        reading = null;
      }
    }
  }

  private static int[][] stretch(int[][] tokens, int from, int to) {
    int[][] some = new int[tokens.length][to - from];
    for (int b = 0; b < some.length; b++) {
      System.arraycopy(tokens[b], from, some[b], 0, to - from);
    }
    return some;
  }

  private static int[] draw(TokenLaws laws, Task task, int first, int step, int position) {
    double[] uniforms = new double[laws.rows()];
    for (int b = 0; b < uniforms.length; b++) {
      uniforms[b] = KeyedRandom.uniform(task.seed, first + b, step, position, Purpose.DRAW);
    }
    if (!task.shapes()) {
      return laws.draw(uniforms);
    }
    try (TokenLaws shaped = laws.shaped(task.temperature, task.topP)) {
      return shaped.draw(uniforms);
    }
  }
}
