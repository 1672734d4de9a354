package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.OptionalInt;
import java.util.function.BooleanSupplier;

/**
 * A denoiser that is asked no more once a request has ended, so that measuring for its plan ends
 * with it.
 *
 * @param denoiser not closed here
 * @param ended whether the request has ended
 */
record Watched(Denoiser denoiser, BooleanSupplier ended) implements Denoiser {

  /** Thrown instead of working on for a request that has ended. */
  static final class EndedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EndedException() {
      super("the request has ended", null, false, false);
    }
  }

  /**
   * Goes on unless a request has ended.
   *
   * @throws EndedException if so
   */
  static void check(BooleanSupplier ended) {
    if (ended.getAsBoolean()) {
      throw new EndedException();
    }
  }

  @Override
  public int vocabulary() {
    return denoiser.vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return denoiser.mask();
  }

  @Override
  public Representation representation() {
    return denoiser.representation();
  }

  @Override
  public double heard(double sigma) {
    return denoiser.heard(sigma);
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    check(ended);
    return denoiser.predict(batch, rows);
  }
}
