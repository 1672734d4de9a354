package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tasks that may share a network call, and the arrays of that call. */
final class Batches {
  /** Most probabilities of a batch that cross to the host, 64 MB. */
  private static final int HOST_PROBABILITIES = 1 << 23;

  private Batches() {}

  /** What the tasks of one call have in common. */
  private record Shape(
      int length,
      double temperature,
      double topP,
      Optional<Confidence> confidence,
      boolean changesLaws,
      boolean together) {}

  /**
   * Splits tasks into batches of equal shape, at most {@code maxBatch} each, and fewer where many
   * laws of {@code vocabulary} probabilities cross to the host.
   */
  static List<List<Progress>> of(List<Progress> tasks, int maxBatch, int vocabulary) {
    Map<Shape, List<Progress>> shapes = new LinkedHashMap<>();
    for (Progress task : tasks) {
      SamplingTask t = task.task();
      Shape shape =
          new Shape(
              t.canvas().length(),
              t.temperature(),
              t.topP(),
              task.course().confidence(),
              task.course().changesLaws(),
              t.together().isPresent());
      shapes.computeIfAbsent(shape, s -> new ArrayList<>()).add(task);
    }
    List<List<Progress>> batches = new ArrayList<>();
    for (List<Progress> alike : shapes.values()) {
      int most = Math.min(maxBatch, mostOnHost(alike, vocabulary));
      for (int from = 0; from < alike.size(); from += most) {
        batches.add(alike.subList(from, Math.min(alike.size(), from + most)));
      }
    }
    return batches;
  }

  private static int mostOnHost(List<Progress> alike, int vocabulary) {
    if (!alike.get(0).course().changesLaws()) {
      return Integer.MAX_VALUE;
    }
    long rows = alike.stream().mapToInt(task -> task.course().asked().length).max().orElseThrow();
    return (int) Math.max(1, HOST_PROBABILITIES / Math.max(1, rows * vocabulary));
  }

  /** The canvases of a batch with their noise levels and what may be kept of them. */
  static TokenBatch tokens(List<Progress> batch) {
    int length = batch.get(0).tokens().length;
    int[] tokens = new int[batch.size() * length];
    double[] sigmas = new double[batch.size()];
    for (int b = 0; b < batch.size(); b++) {
      System.arraycopy(batch.get(b).tokens(), 0, tokens, b * length, length);
      sigmas[b] = batch.get(b).course().sigma();
    }
    return TokenBatch.of(length, tokens, sigmas)
        .withContexts(batch.stream().map(task -> task.course().context(task.tokens())).toList());
  }

  /** The rows that the tasks of a batch ask for, task by task. */
  static Rows rows(List<Progress> batch) {
    int length = batch.get(0).tokens().length;
    int[] rows = new int[rowCount(batch)];
    int row = 0;
    for (int b = 0; b < batch.size(); b++) {
      for (int position : batch.get(b).course().asked()) {
        rows[row++] = b * length + position;
      }
    }
    return Rows.of(rows);
  }

  /** The keyed uniforms of the rows. */
  static double[] uniforms(List<Progress> batch) {
    double[] uniforms = new double[rowCount(batch)];
    int row = 0;
    for (Progress task : batch) {
      for (double uniform : task.uniforms()) {
        uniforms[row++] = uniform;
      }
    }
    return uniforms;
  }

  private static int rowCount(List<Progress> batch) {
    return batch.stream().mapToInt(task -> task.course().asked().length).sum();
  }
}
