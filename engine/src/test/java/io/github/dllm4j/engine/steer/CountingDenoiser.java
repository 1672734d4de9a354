package io.github.dllm4j.engine.steer;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.denoise.ForwardingDenoiser;
import io.github.dllm4j.engine.denoise.Rows;
import io.github.dllm4j.engine.denoise.TokenBatch;
import io.github.dllm4j.engine.denoise.TokenLaws;

/** Counts how often it is asked. */
final class CountingDenoiser extends ForwardingDenoiser {
  int calls;
  int sequences;

  CountingDenoiser(Denoiser inner) {
    super(inner);
  }

  @Override
  public TokenLaws predict(TokenBatch batch, Rows rows) {
    calls++;
    sequences += batch.size();
    return inner.predict(batch, rows);
  }
}
