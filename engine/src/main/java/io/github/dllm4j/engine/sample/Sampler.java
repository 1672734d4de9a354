package io.github.dllm4j.engine.sample;

import static java.util.Arrays.copyOfRange;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The sampler loop of masked diffusion: choose where, ask what, draw.
 *
 * <p>A step fills all its holes from the laws of the <em>same</em> canvas, independently (spec
 * 5.1); that is the only approximation. Tasks may differ in length, plan and number of steps; those
 * of equal length and shaping share a network call. Every draw is keyed by (seed, sample, step,
 * position), so the result of a task does not depend on the others, on their order or on the batch
 * size. Cost: one network evaluation per non-empty step, with the head on the filled rows only.
 * Tasks with a {@link JointDraw} draw all holes together and need the laws of all of them.
 */
public final class Sampler {
  private final Denoiser denoiser;
  private final int maxBatch;

  /**
   * A sampler over a network or an exact law.
   *
   * @param denoiser a masking denoiser; not closed by the sampler
   * @param maxBatch most sequences in one network call, at least 1
   */
  public Sampler(Denoiser denoiser, int maxBatch) {
    if (maxBatch < 1) {
      throw new IllegalArgumentException("maxBatch must be at least 1, got " + maxBatch);
    }
    this.denoiser = denoiser;
    this.maxBatch = maxBatch;
  }

  /**
   * Runs all tasks to the end, or until the listener stops them.
   *
   * @param tasks what to make
   * @param listener called after every step of every task
   * @return one sample per task, in their order
   * @throws IllegalArgumentException if a plan does not fit its canvas or a hole holds no MASK
   */
  public List<Sample> run(List<SamplingTask> tasks, StepListener listener) {
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the denoiser has no MASK"));
    List<Progress> all =
        IntStream.range(0, tasks.size())
            .mapToObj(i -> new Progress(i, tasks.get(i), mask))
            .toList();
    boolean going = true;
    List<Progress> open = unfinished(all);
    while (going && !open.isEmpty()) {
      for (List<Progress> batch : Batches.of(open, maxBatch)) {
        going = going && step(batch, listener);
      }
      open = unfinished(open);
    }
    return all.stream().map(Progress::sample).toList();
  }

  private static List<Progress> unfinished(List<Progress> tasks) {
    return tasks.stream().filter(task -> !task.course().finished()).toList();
  }

  /** One step of every task of a batch, in one network call. */
  private boolean step(List<Progress> batch, StepListener listener) {
    int[] drawn;
    double[] confidences = {};
    try (TokenLaws laws = denoiser.predict(Batches.tokens(batch), Batches.rows(batch))) {
      drawn = draw(laws, batch);
      Optional<Confidence> wanted = batch.get(0).course().confidence();
      if (wanted.isPresent()) {
        confidences = wanted.get().of(laws, drawn);
      }
    }
    boolean going = true;
    int row = 0;
    for (Progress task : batch) {
      int end = row + task.course().asked().length;
      double[] sure = confidences.length == 0 ? confidences : copyOfRange(confidences, row, end);
      going = listener.onStep(task.advance(copyOfRange(drawn, row, end), sure)) && going;
      row = end;
    }
    return going;
  }

  private static int[] draw(TokenLaws laws, List<Progress> batch) {
    SamplingTask shape = batch.get(0).task();
    double[] uniforms = Batches.uniforms(batch);
    if (shape.temperature() == 1 && shape.topP() == 1) {
      return drawShaped(laws, batch, uniforms);
    }
    try (TokenLaws shaped = laws.shaped(shape.temperature(), shape.topP())) {
      return drawShaped(shaped, batch, uniforms);
    }
  }

  private static int[] drawShaped(TokenLaws laws, List<Progress> batch, double[] uniforms) {
    return batch.get(0).course().changesLaws()
        ? Batches.drawn(batch, laws.toArray(), uniforms)
        : laws.draw(uniforms);
  }
}
