package io.github.dllm4j.engine.steer;

import java.util.List;

/**
 * A log-weight of finished sequences: what steering raises. A target is in proportion to p(x) e^s,
 * so s is minus an energy, or a reward divided by its temperature lambda. A scorer must be a pure
 * function of each sequence.
 */
@FunctionalInterface
public interface SequenceScorer {

  /**
   * Scores many sequences at once.
   *
   * @param sequences ids, each [length]; not to be changed
   * @return log-weights in nats, [sequences]; -infinity forbids, NaN and +infinity are refused
   */
  double[] score(List<int[]> sequences);
}
