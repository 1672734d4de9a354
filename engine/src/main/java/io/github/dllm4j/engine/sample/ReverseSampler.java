package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.LeaveOneOut;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The sampler loop of uniform noise (uniform-diffusion spec 6.8): start from the prior, then for
 * every move of the plan, or event of a {@link Uniformization}, choose the sites, ask for their
 * laws, draw each new token from the move's row. All rows of a move are computed from the old
 * sequence. What the network has said already about the sequence as it stands is not asked again.
 *
 * <p>Tasks of equal length and shaping share a network call. Every draw is keyed by (seed, sample,
 * move, position), so a result depends neither on the other tasks nor on the batch size.
 * Temperature and nucleus shape the leave-one-out laws, never the likelihood of the noisy token
 * (spec 3). Cost: one evaluation per move, with the head on the changing rows. A predictor step
 * whose law is a {@link io.github.dllm4j.engine.ctmc.Line} is drawn where the laws are; of other
 * steps some rows at a time come to the heap, of correctors all rows of a sequence that they ask
 * for.
 */
public final class ReverseSampler implements Rounds {
  private final Denoiser denoiser;
  private final NoiseProcess process;
  private final int maxBatch;

  /** What the tasks of one call have in common; whether they draw where the laws are, too. */
  private record Shape(int length, double temperature, double topP, boolean steps) {}

  /**
   * A sampler over a network or an exact law.
   *
   * @param denoiser for the same noise, without MASK; a DENOISER is converted; not closed here
   * @param process the noise, states being token ids
   * @param maxBatch most sequences in one network call, at least 1
   */
  public ReverseSampler(Denoiser denoiser, NoiseProcess process, int maxBatch) {
    if (maxBatch < 1) {
      throw new IllegalArgumentException("maxBatch must be at least 1, got " + maxBatch);
    }
    if (process.stateCount() != denoiser.vocabulary()) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "the process must have one state per token, %d, got %d",
              denoiser.vocabulary(),
              process.stateCount()));
    }
    this.denoiser = LeaveOneOut.of(denoiser);
    this.process = process;
    this.maxBatch = maxBatch;
  }

  /**
   * Runs all tasks to the end, or until the listener stops them; without a listener where {@link
   * Sampler#run} does.
   *
   * @param tasks what to make
   * @param listener called after every answer of the network to a task, correctors included
   * @return one sample per task, in their order
   */
  public List<Sample> run(List<ReverseTask> tasks, StepListener listener) {
    SamplingRun run = start(tasks, listener);
    boolean here = listener != StepListener.NONE;
    repeat(
        () -> {
          round(List.of(run), here ? Integer.MAX_VALUE : maxBatch);
          return !run.finished();
        },
        here);
    return run.samples();
  }

  /** Tasks that go on by {@link #round}. */
  public SamplingRun start(List<ReverseTask> tasks, StepListener listener) {
    SamplingRun run = new SamplingRun(listener);
    for (int i = 0; i < tasks.size(); i++) {
      run.add(begin(run, i, tasks.get(i)));
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
    List<ReverseRun> open = runs.stream().flatMap(run -> run.open(ReverseRun.class, each)).toList();
    for (List<ReverseRun> batch : batches(open)) {
      List<Question> questions =
          batch.stream().flatMap(task -> Question.of(task).stream()).toList();
      if (!questions.isEmpty()) {
        ask(questions);
      }
    }
  }

  /** What a task asks next. */
  private record Question(ReverseRun task, int[] tokens, double sigma, int[] positions) {

    /** Empty if the run has stopped, or fails over the question. */
    static Optional<Question> of(ReverseRun task) {
      if (!task.run().going()) {
        return Optional.empty();
      }
      try {
        return Optional.of(new Question(task, task.asked(), task.sigma(), task.positions()));
      } catch (RuntimeException e) {
        task.run().fail(e);
        return Optional.empty();
      }
    }
  }

  private ReverseRun begin(SamplingRun run, int index, ReverseTask task) {
    return task.course() instanceof Uniformization jumps
        ? new UniformizationRun(run, index, task, jumps, process)
        : new PlanRun(run, index, task, (ReversePlan) task.course(), process);
  }

  private List<List<ReverseRun>> batches(List<ReverseRun> open) {
    Map<Shape, List<ReverseRun>> shapes = new LinkedHashMap<>();
    for (ReverseRun task : open) {
      ReverseTask t = task.task();
      Shape shape =
          new Shape(t.canvas().length(), t.temperature(), t.topP(), task.step().isPresent());
      shapes.computeIfAbsent(shape, s -> new ArrayList<>()).add(task);
    }
    List<List<ReverseRun>> batches = new ArrayList<>();
    for (List<ReverseRun> alike : shapes.values()) {
      for (int from = 0; from < alike.size(); from += maxBatch) {
        batches.add(alike.subList(from, Math.min(alike.size(), from + maxBatch)));
      }
    }
    return batches;
  }

  /**
   * One answer for every task of a batch, in one network call. What fails for one task ends its
   * run; if the network fails, all of the batch.
   */
  private void ask(List<Question> questions) {
    List<ReverseRun> batch = questions.stream().map(Question::task).toList();
    ReverseTask shape = batch.get(0).task();
    int length = shape.canvas().length();
    int[] tokens = new int[batch.size() * length];
    double[] sigmas = new double[batch.size()];
    int[][] positions = new int[batch.size()][];
    IntStream.Builder rows = IntStream.builder();
    for (int b = 0; b < batch.size(); b++) {
      Question question = questions.get(b);
      System.arraycopy(question.tokens, 0, tokens, b * length, length);
      sigmas[b] = question.sigma;
      positions[b] = question.positions;
      for (int position : positions[b]) {
        rows.add(b * length + position);
      }
    }
    TokenBatch asked = TokenBatch.of(length, tokens, sigmas);
    int row = 0;
    try (TokenLaws raw = denoiser.predict(asked, Rows.of(rows.build().toArray()));
        TokenLaws shaped = raw.shaped(shape.temperature(), shape.topP())) {
      Optional<int[]> drawn = new ReverseDraw(process, batch, positions).on(shaped);
      for (int b = 0; b < batch.size(); b++) {
        ReverseRun task = batch.get(b);
        int from = row;
        int end = from + positions[b].length;
        advance(
            task,
            () ->
                drawn.isPresent()
                    ? task.advance(process, Arrays.copyOfRange(drawn.get(), from, end))
                    : task.advance(process, shaped.toArray(from, end)));
        row = end;
      }
    } catch (RuntimeException e) {
      batch.forEach(task -> task.run().fail(e));
    }
  }

  private static void advance(ReverseRun task, Supplier<StepEvent> step) {
    try {
      if (!task.run().failed()) {
        task.run().report(step.get());
      }
    } catch (RuntimeException e) {
      task.run().fail(e);
    }
  }
}
