package io.github.dllm4j.engine.sample;

import static java.util.Arrays.copyOfRange;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;

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
public final class Sampler implements Rounds {
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
   * Runs all tasks to the end, or until the listener stops them. A run without a listener is made
   * on the denoiser's own thread, if it has one ({@link Denoiser#repeat}): nothing that it is made
   * of may wait for another thread that asks a network.
   *
   * @param tasks what to make
   * @param listener called after every step of every task
   * @return one sample per task, in their order
   * @throws IllegalArgumentException if a plan does not fit its canvas or a hole holds no MASK
   */
  public List<Sample> run(List<SamplingTask> tasks, StepListener listener) {
    SamplingRun run = start(tasks, listener);
    boolean drawnHere = tasks.stream().anyMatch(task -> task.together().isPresent());
    boolean here = listener != StepListener.NONE || drawnHere;
    repeat(
        () -> {
          round(List.of(run), here ? Integer.MAX_VALUE : maxBatch);
          return !run.finished();
        },
        here);
    return run.samples();
  }

  /**
   * Tasks that go on by {@link #round}.
   *
   * @throws IllegalArgumentException if a plan does not fit its canvas or a hole holds no MASK
   */
  public SamplingRun start(List<SamplingTask> tasks, StepListener listener) {
    int mask =
        denoiser.mask().orElseThrow(() -> new IllegalArgumentException("the denoiser has no MASK"));
    SamplingRun run = new SamplingRun(listener);
    for (int i = 0; i < tasks.size(); i++) {
      run.add(new Progress(run, i, tasks.get(i), mask));
    }
    return run;
  }

  @Override
  public void round(List<SamplingRun> runs) {
    round(runs, maxBatch);
  }

  @Override
  public void repeat(BooleanSupplier step) {
    denoiser.repeat(step);
  }

  private void round(List<SamplingRun> runs, int each) {
    List<Progress> open = runs.stream().flatMap(run -> run.open(Progress.class, each)).toList();
    for (List<Progress> batch : Batches.of(open, maxBatch, denoiser.vocabulary())) {
      List<Progress> going = batch.stream().filter(task -> task.run().going()).toList();
      if (!going.isEmpty()) {
        step(going);
      }
    }
  }

  /**
   * One step of every task of a batch, in one network call. What fails for one task ends its run;
   * if the network fails, all of the batch.
   */
  private void step(List<Progress> batch) {
    int[] drawn;
    double[] confidences = {};
    Rows rows = Batches.rows(batch);
    try (TokenLaws laws = denoiser.predict(Batches.tokens(batch), rows)) {
      check(laws, rows);
      drawn = draw(laws, batch);
      Optional<Confidence> wanted = batch.get(0).course().confidence();
      if (wanted.isPresent()) {
        confidences = wanted.get().of(laws, drawn);
      }
    } catch (RuntimeException e) {
      batch.forEach(task -> task.run().fail(e));
      return;
    }
    int row = 0;
    for (Progress task : batch) {
      int end = row + task.course().asked().length;
      double[] sure = confidences.length == 0 ? confidences : copyOfRange(confidences, row, end);
      if (!task.run().failed()) {
        advance(task, copyOfRange(drawn, row, end), sure);
      }
      row = end;
    }
  }

  private void check(TokenLaws laws, Rows rows) {
    if (laws.rows() != rows.size() || laws.vocabulary() != denoiser.vocabulary()) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "the denoiser must answer %d rows with laws over %d ids, got %d over %d",
              rows.size(),
              denoiser.vocabulary(),
              laws.rows(),
              laws.vocabulary()));
    }
  }

  private static void advance(Progress task, int[] drawn, double[] confidences) {
    try {
      task.run().report(task.advance(drawn, confidences));
    } catch (RuntimeException e) {
      task.run().fail(e);
    }
  }

  private static int[] draw(TokenLaws laws, List<Progress> batch) {
    SamplingTask shape = batch.get(0).task();
    double[] uniforms = Batches.uniforms(batch);
    boolean asTheyAre = shape.temperature() == 1 && shape.topP() == 1;
    if (asTheyAre || shape.together().isPresent()) { // a joint draw shapes them itself
      return drawFrom(laws, batch, uniforms);
    }
    try (TokenLaws shaped = laws.shaped(shape.temperature(), shape.topP())) {
      return drawFrom(shaped, batch, uniforms);
    }
  }

  private static int[] drawFrom(TokenLaws laws, List<Progress> batch, double[] uniforms) {
    return batch.get(0).course().changesLaws()
        ? drawOnHost(laws.toArray(), batch, uniforms)
        : laws.draw(uniforms);
  }

  /** The tokens that each task draws itself from its laws, [rows]; 0 where it fails. */
  private static int[] drawOnHost(double[][] laws, List<Progress> batch, double[] uniforms) {
    int[] drawn = new int[laws.length];
    int row = 0;
    for (Progress task : batch) {
      int end = row + task.course().asked().length;
      try {
        int[] own = task.draw(copyOfRange(laws, row, end), copyOfRange(uniforms, row, end));
        System.arraycopy(own, 0, drawn, row, own.length);
      } catch (RuntimeException e) {
        task.run().fail(e);
      }
      row = end;
    }
    return drawn;
  }
}
