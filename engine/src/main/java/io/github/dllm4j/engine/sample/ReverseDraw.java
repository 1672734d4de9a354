package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.Line;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The draws of a batch whose tasks all make a predictor step: where the laws are, if the step's law
 * is a {@link Line} of the network's, else on the heap, some rows at a time. Same tokens either way
 * but for rounding of the cumulative sums.
 */
final class ReverseDraw {
  /** Most probabilities on the heap at a time, 16 MB. */
  private static final int HOST_PROBABILITIES = 1 << 21;

  private final NoiseProcess process;
  private final List<ReverseRun> batch;
  private final int[][] positions;

  /**
   * Draws.
   *
   * @param positions of each task's rows
   */
  ReverseDraw(NoiseProcess process, List<ReverseRun> batch, int[][] positions) {
    this.process = process;
    this.batch = batch;
    this.positions = positions;
  }

  /** A row's step, token and uniform. */
  private record Row(KernelMove step, int token, double uniform) {

    double[] law(NoiseProcess process, double[] leaveOneOut) {
      return step.row(process, leaveOneOut, token);
    }

    Optional<Line> line(NoiseProcess process, double ofToken) {
      return step.kernel().line(process.stateCount(), ofToken, step.from(), step.to());
    }
  }

  /** The new token of every row, or empty if a task does something else than a predictor step. */
  Optional<int[]> on(TokenLaws laws) {
    List<Row> rows = new ArrayList<>();
    for (int b = 0; b < positions.length; b++) {
      ReverseRun run = batch.get(b);
      if (run.step().isEmpty()) {
        return Optional.empty();
      }
      double[] uniforms = run.uniforms();
      for (int k = 0; k < uniforms.length; k++) {
        rows.add(new Row(run.step().get(), run.asked()[positions[b][k]], uniforms[k]));
      }
    }
    boolean lines =
        process.equals(NoiseProcess.uniform(process.stateCount()))
            && rows.stream().allMatch(row -> row.line(process, 0.5).isPresent());
    return Optional.of(lines ? byLines(laws, rows) : byLaws(laws, rows));
  }

  private int[] byLines(TokenLaws laws, List<Row> rows) {
    int[] tokens = rows.stream().mapToInt(Row::token).toArray();
    double[] uniforms = rows.stream().mapToDouble(Row::uniform).toArray();
    double[] of = laws.probabilityOf(tokens);
    List<Line> lines = new ArrayList<>();
    for (int r = 0; r < of.length; r++) {
      lines.add(rows.get(r).line(process, of[r]).orElseThrow());
    }
    return laws.draw(tokens, lines, uniforms);
  }

  private int[] byLaws(TokenLaws laws, List<Row> rows) {
    int[] drawn = new int[rows.size()];
    int some = Math.max(1, HOST_PROBABILITIES / laws.vocabulary());
    for (int from = 0; from < drawn.length; from += some) {
      double[][] own = laws.toArray(from, Math.min(drawn.length, from + some));
      int first = from;
      int[] part = new int[own.length];
      Arrays.setAll(
          part,
          i -> {
            Row row = rows.get(first + i);
            return HeapLaws.draw(row.law(process, own[i]), row.uniform());
          });
      System.arraycopy(part, 0, drawn, from, part.length);
    }
    return drawn;
  }
}
