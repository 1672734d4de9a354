package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.List;

/**
 * Moves at one noise level that should leave the noisy law q_sigma as it is, made after a predictor
 * step to undo its error (uniform-diffusion spec 8). Never used at sigma = 0.
 */
public interface Corrector {

  /** Updates per level, each at most one network evaluation. */
  int updates();

  /**
   * Whether the noisy law is invariant when the laws are exact. One that is not is a
   * <em>heuristic</em>, and nothing may be promised of its samples.
   */
  boolean exact();

  /**
   * The updates at a level.
   *
   * @param from the level that the predictor step before them started from
   * @param at the level it has reached, where the updates are made, above 0
   */
  List<ReverseMove> moves(NoiseLevel from, NoiseLevel at);

  /** Refuses a number of updates below 1. */
  static void checkUpdates(int updates) {
    if (updates < 1) {
      throw new IllegalArgumentException("updates must be at least 1, got " + updates);
    }
  }
}
