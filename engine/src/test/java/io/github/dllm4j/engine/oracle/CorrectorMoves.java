package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.sample.Corrector;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.List;

/** The updates of a corrector at one level, taken from a plan that stops there. */
final class CorrectorMoves {
  private CorrectorMoves() {}

  static List<ReverseMove> at(Corrector corrector, double sigma) {
    TimeGrid grid = TimeGrid.of(sigma + 1, sigma, 0);
    List<ReverseMove> moves =
        ReversePlan.of(grid, ReverseKernel.tweedie()).withCorrector(corrector).moves();
    return moves.subList(1, moves.size() - 1);
  }
}
