package io.github.dllm4j.engine.oracle;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.sample.GibbsCorrector;
import io.github.dllm4j.engine.sample.ReverseMove;
import io.github.dllm4j.engine.sample.ReversePlan;
import io.github.dllm4j.engine.sample.TimeGrid;
import java.util.List;

/** The updates of a corrector at one level, taken from a plan that stops there. */
final class GibbsMoves {
  private GibbsMoves() {}

  static List<ReverseMove> at(GibbsCorrector gibbs, double sigma) {
    TimeGrid grid = TimeGrid.of(sigma + 1, sigma, 0);
    List<ReverseMove> moves =
        ReversePlan.of(grid, ReverseKernel.tweedie()).withCorrector(gibbs).moves();
    return moves.subList(1, moves.size() - 1);
  }
}
