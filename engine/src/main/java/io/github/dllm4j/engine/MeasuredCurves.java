package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.ConditionalCurve;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.sample.Canvas;
import java.util.Arrays;
import java.util.List;

/**
 * The curves of the last canvases, so that a text that is completed often is measured once. What is
 * measured depends on the canvas alone; remembering it changes no result. Safe for several threads.
 */
final class MeasuredCurves {
  private static final int KEPT = 64;
  private static final int SAMPLES = 8;
  private static final int NODES = 8;

  private final Recent<List<Integer>, CurveSample> kept = new Recent<>(KEPT);

  /**
   * The curves of a canvas with at least one hole; at most {@value #NODES} evaluations of {@value
   * #SAMPLES} samples.
   */
  CurveSample of(Denoiser denoiser, Canvas canvas) {
    List<Integer> key = Arrays.stream(canvas.tokens()).boxed().toList();
    return kept.get(
        key,
        () ->
            ConditionalCurve.of(
                denoiser, canvas, CurveNodes.even(canvas.holeCount(), NODES), SAMPLES, 0));
  }
}
