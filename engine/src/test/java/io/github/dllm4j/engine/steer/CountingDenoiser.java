package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.Representation;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;
import java.util.OptionalInt;

/** Counts how often it is asked. */
final class CountingDenoiser implements Denoiser {
  private final Denoiser inner;
  int calls;
  int sequences;

  CountingDenoiser(Denoiser inner) {
    this.inner = inner;
  }

  @Override
  public int vocabulary() {
    return inner.vocabulary();
  }

  @Override
  public OptionalInt mask() {
    return inner.mask();
  }

  @Override
  public Representation representation() {
    return inner.representation();
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    calls++;
    sequences += batch.size();
    return inner.predict(batch, rows);
  }
}
