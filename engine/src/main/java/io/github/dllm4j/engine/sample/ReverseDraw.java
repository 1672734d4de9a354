package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.Line;
import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The draws of a batch whose tasks all make a predictor step: where the laws are, if the step's law
 * is a {@link Line} of the network's, else on the heap, some rows at a time. Same tokens either way
 * but for rounding of the cumulative sums. A kernel that fails ends its own task's run; the others'
 * tokens are drawn all the same.
 */
final class ReverseDraw {
  /** Most probabilities on the heap at a time, 16 MB. */
  private static final int HOST_PROBABILITIES = 1 << 21;

  private static final Line STAYS = new Line(0, 0, 1);

  /** A share that no draw meets unless there is no other. */
  private static final double LEAST = 1e-300;

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

  /** A row's run, step, token and uniform. */
  private record Row(SamplingRun run, KernelMove step, int token, double uniform) {

    int drawn(NoiseProcess process, double[] leaveOneOut) {
      return unlessFailed(
          () -> HeapLaws.draw(step.row(process, leaveOneOut, token), uniform), token);
    }

    boolean hasLine(NoiseProcess process) {
      return unlessFailed(() -> asked(process, 0.5).isPresent(), true);
    }

    Line line(NoiseProcess process, double ofToken) {
      return unlessFailed(
          () -> {
            Line line =
                asked(process, ofToken)
                    .orElseThrow(
                        () ->
                            new IllegalArgumentException(
                                "a kernel must have a line of every law or of none, got none where"
                                    + " the token has "
                                    + ofToken));
            double others = line.scale() * Math.max(0, 1 - ofToken);
            double sum = others + line.shift() * (process.stateCount() - 1) + line.own();
            if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
              throw new IllegalArgumentException(
                  "a line must have a finite sum above 0 to draw from, got " + line);
            }
            // Where only others may follow, what a rounded law leaves them may be nothing.
            boolean onlyOthers = line.own() == 0 && line.shift() == 0;
            return onlyOthers ? new Line(line.scale(), 0, line.scale() * LEAST) : line;
          },
          STAYS);
    }

    private Optional<Line> asked(NoiseProcess process, double ofToken) {
      return step.kernel().line(process.stateCount(), ofToken, step.from(), step.to());
    }

    /** What the kernel says, or what stands in for it once the run has failed. */
    private <T> T unlessFailed(Supplier<T> kernel, T otherwise) {
      try {
        return run.failed() ? otherwise : kernel.get();
      } catch (RuntimeException e) {
        run.fail(e);
        return otherwise;
      }
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
        rows.add(new Row(run.run(), run.step().get(), run.asked()[positions[b][k]], uniforms[k]));
      }
    }
    boolean lines =
        process.equals(NoiseProcess.uniform(process.stateCount()))
            && rows.stream().allMatch(row -> row.hasLine(process));
    return Optional.of(lines ? byLines(laws, rows) : byLaws(laws, rows));
  }

  private int[] byLines(TokenLaws laws, List<Row> rows) {
    int[] tokens = rows.stream().mapToInt(Row::token).toArray();
    double[] uniforms = rows.stream().mapToDouble(Row::uniform).toArray();
    double[] of = laws.probabilityOf(tokens);
    List<Line> lines = new ArrayList<>();
    for (int r = 0; r < of.length; r++) {
      lines.add(rows.get(r).line(process, of[r]));
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
      Arrays.setAll(part, i -> rows.get(first + i).drawn(process, own[i]));
      System.arraycopy(part, 0, drawn, from, part.length);
    }
    return drawn;
  }
}
