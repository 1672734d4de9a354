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
public final class ReverseSampler {
  private final Denoiser denoiser;
  private final NoiseProcess process;
  private final int maxBatch;

  /** What the tasks of one call have in common. */
  private record Shape(int length, double temperature, double topP) {}

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
   * Runs all tasks to the end, or until the listener stops them.
   *
   * @param tasks what to make
   * @param listener called after every move of every task, correctors included
   * @return one sample per task, in their order
   */
  public List<Sample> run(List<ReverseTask> tasks, StepListener listener) {
    List<ReverseRun> all =
        IntStream.range(0, tasks.size()).mapToObj(i -> begin(i, tasks.get(i))).toList();
    boolean going = true;
    List<ReverseRun> open = unfinished(all);
    while (going && !open.isEmpty()) {
      for (List<ReverseRun> batch : batches(open)) {
        going = going && ask(batch, listener);
      }
      open = unfinished(open);
    }
    return all.stream().map(ReverseRun::sample).toList();
  }

  private ReverseRun begin(int index, ReverseTask task) {
    return task.course() instanceof Uniformization jumps
        ? new UniformizationRun(index, task, jumps, process)
        : new PlanRun(index, task, (ReversePlan) task.course(), process);
  }

  private static List<ReverseRun> unfinished(List<ReverseRun> tasks) {
    return tasks.stream().filter(task -> !task.finished()).toList();
  }

  private List<List<ReverseRun>> batches(List<ReverseRun> open) {
    Map<Shape, List<ReverseRun>> shapes = new LinkedHashMap<>();
    for (ReverseRun task : open) {
      ReverseTask t = task.task();
      Shape shape = new Shape(t.canvas().length(), t.temperature(), t.topP());
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

  /** One answer for every task of a batch, in one network call. */
  private boolean ask(List<ReverseRun> batch, StepListener listener) {
    ReverseTask shape = batch.get(0).task();
    int length = shape.canvas().length();
    int[] tokens = new int[batch.size() * length];
    double[] sigmas = new double[batch.size()];
    int[][] positions = new int[batch.size()][];
    IntStream.Builder rows = IntStream.builder();
    for (int b = 0; b < batch.size(); b++) {
      System.arraycopy(batch.get(b).asked(), 0, tokens, b * length, length);
      sigmas[b] = batch.get(b).sigma();
      positions[b] = batch.get(b).positions();
      for (int position : positions[b]) {
        rows.add(b * length + position);
      }
    }
    TokenBatch asked = TokenBatch.of(length, tokens, sigmas);
    boolean going = true;
    int row = 0;
    try (TokenLaws raw = denoiser.predict(asked, Rows.of(rows.build().toArray()));
        TokenLaws shaped = raw.shaped(shape.temperature(), shape.topP())) {
      ReverseDraw draw = new ReverseDraw(process, batch, positions);
      Optional<int[]> drawn = draw.on(shaped);
      for (int b = 0; b < batch.size(); b++) {
        int end = row + positions[b].length;
        StepEvent event =
            drawn.isPresent() && batch.get(b).step().isPresent()
                ? batch.get(b).advance(process, Arrays.copyOfRange(drawn.get(), row, end))
                : batch.get(b).advance(process, shaped.toArray(row, end));
        going = listener.onStep(event) && going;
        row = end;
      }
    }
    return going;
  }
}
