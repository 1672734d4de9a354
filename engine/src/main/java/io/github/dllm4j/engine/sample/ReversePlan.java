package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import io.github.dllm4j.engine.schedule.NoiseSchedule;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Steps of a {@link ReverseKernel} down a grid of noise levels, and after every step but the last
 * the updates of a corrector, if there is one. Start is the noise's prior at the first level. With
 * N steps and M updates a sample takes N + (N - 1) M network evaluations (uniform-diffusion spec
 * 6.8).
 */
public final class ReversePlan implements ReverseCourse {
  private static final NoiseLevel DATA = NoiseLevel.unitRate(0);
  private static final int MOST_MOVES = 1 << 24;

  private final List<NoiseLevel> levels; // [steps + 1], descending
  private final List<ReverseKernel> kernels; // [steps]
  private final Optional<Corrector> corrector;

  private ReversePlan(
      List<NoiseLevel> levels, List<ReverseKernel> kernels, Optional<Corrector> corrector) {
    this.levels = List.copyOf(levels);
    this.kernels = List.copyOf(kernels);
    this.corrector = corrector;
  }

  /**
   * Every step of the grid by the same kernel, the last one too.
   *
   * @param grid noise levels down to 0; kernels that use rates need them finite
   * @param kernel the law of each token
   */
  public static ReversePlan of(TimeGrid grid, ReverseKernel kernel) {
    List<NoiseLevel> levels = new ArrayList<>();
    for (double level : grid.toArray()) {
      levels.add(NoiseLevel.unitRate(level));
    }
    return new ReversePlan(levels, Collections.nCopies(grid.steps(), kernel), Optional.empty());
  }

  /**
   * Equal steps in the time of a schedule, from t = 1 to {@code end}; if noise is left there, one
   * more step denoises by {@link ReverseKernel#tweedie}, as SEDD's sampler does with end = 1e-5.
   *
   * @param schedule what {@link ReverseKernel#eulerInTime} takes its step from
   * @param end time of the last step, in [0, 1)
   * @param steps at least 1, the denoising one not counted
   * @param kernel the law of each token in them
   */
  public static ReversePlan inTime(
      NoiseSchedule schedule, double end, int steps, ReverseKernel kernel) {
    if (!(end >= 0 && end < 1)) {
      throw new IllegalArgumentException("end must be in [0, 1), got " + end);
    }
    if (steps < 1) {
      throw new IllegalArgumentException("steps must be at least 1, got " + steps);
    }
    List<NoiseLevel> levels = new ArrayList<>();
    for (int k = 0; k <= steps; k++) {
      levels.add(schedule.at(k == steps ? end : 1 - (1 - end) * k / steps));
    }
    List<ReverseKernel> kernels = new ArrayList<>(Collections.nCopies(steps, kernel));
    if (levels.get(steps).sigma() > 0) {
      levels.add(DATA);
      kernels.add(ReverseKernel.tweedie());
    }
    return new ReversePlan(levels, kernels, Optional.empty());
  }

  /** The same plan with another kernel in the last step. */
  public ReversePlan withLast(ReverseKernel kernel) {
    List<ReverseKernel> changed = new ArrayList<>(kernels);
    changed.set(kernels.size() - 1, kernel);
    return new ReversePlan(levels, changed, corrector);
  }

  /** The same plan with a corrector after every step but the last. */
  public ReversePlan withCorrector(Corrector changed) {
    moves(steps(), changed.updates());
    return new ReversePlan(levels, kernels, Optional.of(changed));
  }

  /** N + (N - 1) M, as many moves as N steps with M updates after each but the last. */
  static int moves(int steps, int updates) {
    long moves = steps + (steps - 1L) * updates;
    if (moves > MOST_MOVES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "steps + (steps - 1) updates must be at most %d, got %d of %d and %d",
              MOST_MOVES,
              moves,
              steps,
              updates));
    }
    return (int) moves;
  }

  /** The corrector, if there is one. */
  public Optional<Corrector> corrector() {
    return corrector;
  }

  /** The levels of the steps, descending to 0. */
  public TimeGrid grid() {
    return TimeGrid.of(levels.stream().mapToDouble(NoiseLevel::sigma).toArray());
  }

  /** Number of steps N, corrector updates not counted. */
  public int steps() {
    return kernels.size();
  }

  /**
   * Network evaluations of a sample, N + (N - 1) M; fewer where a move needs an answer that is
   * known already.
   */
  public int evaluations() {
    return corrector.map(updates -> moves(steps(), updates.updates())).orElse(steps());
  }

  /** All moves in order. */
  public List<ReverseMove> moves() {
    List<ReverseMove> moves = new ArrayList<>();
    for (int k = 0; k < steps(); k++) {
      NoiseLevel from = levels.get(k);
      NoiseLevel to = levels.get(k + 1);
      moves.add(ReverseMove.step(kernels.get(k), from, to));
      if (k < steps() - 1) {
        corrector.ifPresent(updates -> moves.addAll(updates.moves(from, to)));
      }
    }
    return moves;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "ReversePlan[%s, steps=%d, corrector=%s]",
        kernels.get(0),
        steps(),
        corrector.map(Object::toString).orElse("none"));
  }
}
