package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.CausalModel;
import io.github.dllm4j.engine.denoise.CausalModel.Reading;
import io.github.dllm4j.engine.denoise.TokenLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The sampler loop of an autoregressive model: x_i ~ p(x_i | x_0 .. x_{i-1}), one after the other.
 *
 * <p>Exact: at temperature 1 and without a nucleus the samples have the model's law. As many steps
 * and evaluations as there are holes. Every draw is keyed by (seed, sample, step, position), so a
 * sample does not depend on the batch.
 */
public final class LeftToRightSampler {
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
    if (task.canvas.length() > model.length()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the sequence has %d tokens, the model takes at most %d",
              task.canvas.length(),
              model.length()));
    }
    List<Sample> samples = new ArrayList<>();
    boolean[] going = {true};
    StepListener watched = event -> going[0] = listener.onStep(event) && going[0];
    for (int first = 0; first < task.samples; first += maxBatch) {
      int[][] tokens = new int[Math.min(maxBatch, task.samples - first)][];
      for (int b = 0; b < tokens.length; b++) {
        tokens[b] = task.canvas.tokens();
      }
      int holes = task.canvas.holeCount();
      int steps = going[0] ? fill(task, first, tokens, watched) : 0;
      for (int[] one : tokens) {
        samples.add(new Sample(one, holes, steps, steps == holes));
      }
    }
    return samples;
  }

  /** Fills the holes of a batch; returns how many were filled. */
  private int fill(Task task, int first, int[][] tokens, StepListener listener) {
    int[] holes = task.canvas.holes();
    int known = task.canvas.length() - holes.length;
    try (Reading reading = model.read(tokens.length)) {
      for (int k = 0; k < holes.length; k++) {
        int from = k == 0 ? 0 : known + k - 1;
        int[] drawn;
        try (TokenLaws laws = reading.next(stretch(tokens, from, known + k))) {
          drawn = draw(laws, task, first, k, holes[k]);
        }
        boolean going = true;
        for (int b = 0; b < tokens.length; b++) {
          tokens[b][holes[k]] = drawn[b];
          int[] filled = {holes[k]};
          StepEvent event = new StepEvent(first + b, k, holes.length, tokens[b].clone(), filled);
          going = listener.onStep(event) && going;
        }
        if (!going) {
          return k + 1;
        }
      }
    }
    return holes.length;
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
