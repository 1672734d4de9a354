package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import io.github.dllm4j.engine.sample.KeyedRandom.Purpose;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.Arrays;

/**
 * x_i is drawn from cond = loo P(sigma), its law given all other noisy tokens, old value forgotten.
 */
record GibbsMove(GibbsCorrector corrector, NoiseLevel level, int update) implements ReverseMove {

  @Override
  public int choices(int holes) {
    return corrector.choices(holes);
  }

  @Override
  public int[] sites(int holes, int choice) {
    return corrector.sites(holes, choice, update);
  }

  @Override
  public int[] drawSites(int holes, long seed, int sample, int index) {
    if (corrector.exact()) {
      return ReverseMove.super.drawSites(holes, seed, sample, index);
    }
    // As likely as any other choice, without counting them: they may be too many.
    int size = corrector.size(holes);
    int[] sites = KeyedRandom.choose(holes, size, seed, sample, index, Purpose.CORRECTOR_SITE);
    Arrays.sort(sites);
    return sites;
  }

  @Override
  public double[] row(NoiseProcess process, double[] leaveOneOut, int token) {
    return process.marginal(leaveOneOut, level.sigma());
  }
}
