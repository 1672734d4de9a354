package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.ReverseKernel;
import io.github.dllm4j.engine.schedule.NoiseLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Noise of size h is added and a Tweedie step removes it. It would be exact with the joint
 * posterior; a step draws the tokens independently, so it is a <em>heuristic</em> that errs as much
 * as one Tweedie step (uniform-diffusion spec 8.4). Every update is one evaluation, at sigma + h.
 */
public final class NoiseDenoiseCorrector implements Corrector {
  private final double h;
  private final int updates;

  /**
   * A corrector.
   *
   * @param h noise added and removed, nats, above 0 and finite
   * @param updates per level, at least 1
   */
  public NoiseDenoiseCorrector(double h, int updates) {
    if (!(h > 0 && h < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("h must be above 0 and finite, got " + h);
    }
    Corrector.checkUpdates(updates);
    this.h = h;
    this.updates = updates;
  }

  @Override
  public int updates() {
    return updates;
  }

  @Override
  public boolean exact() {
    return false;
  }

  @Override
  public List<ReverseMove> moves(NoiseLevel from, NoiseLevel at) {
    NoiseLevel noisier = NoiseLevel.unitRate(at.sigma() + h);
    List<ReverseMove> moves = new ArrayList<>();
    for (int update = 0; update < updates; update++) {
      moves.add(new NoiseMove(at, h));
      moves.add(ReverseMove.step(ReverseKernel.tweedie(), noisier, at));
    }
    return moves;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "NoiseDenoiseCorrector[h=%s, updates=%d]", h, updates);
  }
}
