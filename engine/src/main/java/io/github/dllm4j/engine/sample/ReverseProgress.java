package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.denoise.HeapLaws;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import java.util.Arrays;
import java.util.List;

/** How far one reverse task has come: its next move and its tokens. */
final class ReverseProgress {
  private final int index;
  private final ReverseTask task;
  private final List<ReverseMove> moves;
  private final int[] tokens;
  private int done;

  ReverseProgress(int index, ReverseTask task, NoiseProcess process) {
    this.index = index;
    this.task = task;
    tokens = task.canvas().tokens();
    int[] holes = task.canvas().holes();
    moves = holes.length == 0 ? List.of() : task.plan().moves();
    if (holes.length == 0) {
      return;
    }
    double[] prior = new double[process.stateCount()];
    Arrays.setAll(prior, process::prior);
    double[][] laws = new double[holes.length][];
    Arrays.fill(laws, prior);
    int[] drawn = HeapLaws.of(laws).draw(uniforms(holes, Purpose.PRIOR));
    for (int h = 0; h < holes.length; h++) {
      tokens[holes[h]] = drawn[h];
    }
  }

  ReverseTask task() {
    return task;
  }

  boolean finished() {
    return done == moves.size();
  }

  ReverseMove move() {
    return moves.get(done);
  }

  int[] tokens() {
    return tokens;
  }

  /** The positions that the next move changes, ascending. */
  int[] positions() {
    int[] holes = task.canvas().holes();
    int[] positions = move().drawSites(holes.length, task.seed(), task.sample(), done);
    for (int k = 0; k < positions.length; k++) {
      positions[k] = holes[positions[k]];
    }
    return positions;
  }

  /** Makes the next move with the leave-one-out laws at its positions. */
  StepEvent advance(NoiseProcess process, int[] positions, double[][] laws) {
    double[][] rows = new double[positions.length][];
    for (int k = 0; k < rows.length; k++) {
      rows[k] = move().row(process, laws[k], tokens[positions[k]]);
    }
    int[] drawn = HeapLaws.of(rows).draw(uniforms(positions, Purpose.DRAW));
    for (int k = 0; k < rows.length; k++) {
      tokens[positions[k]] = drawn[k];
    }
    done++;
    return new StepEvent(index, done - 1, moves.size(), tokens.clone(), positions);
  }

  private double[] uniforms(int[] positions, Purpose purpose) {
    double[] uniforms = new double[positions.length];
    Arrays.setAll(
        uniforms,
        k -> KeyedRandom.uniform(task.seed(), task.sample(), done, positions[k], purpose));
    return uniforms;
  }

  Sample sample() {
    return new Sample(tokens, task.plan().steps(), done, finished());
  }
}
