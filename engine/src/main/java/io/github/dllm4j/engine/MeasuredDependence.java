package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.DependenceProbe;
import io.github.dllm4j.engine.sample.Canvas;
import io.github.dllm4j.engine.sample.DependenceKernel;
import org.jspecify.annotations.Nullable;

/**
 * What a model's tokens say about each other by distance, measured when it is first asked for, on
 * whole sequences of the model's own. Depends on the model alone; remembering it changes no result.
 * Safe for several threads.
 */
final class MeasuredDependence {
  private static final int SAMPLES = 8;

  private @Nullable DependenceKernel kernel;

  /**
   * The kernel of a masked model, always the same model.
   *
   * @param blank a canvas of holes only, of the model's length
   */
  synchronized DependenceKernel of(Denoiser denoiser, Canvas blank) {
    if (kernel == null) {
      kernel = DependenceProbe.ofSamples(denoiser, blank, SAMPLES, 0);
    }
    return kernel;
  }
}
