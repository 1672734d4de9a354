package io.github.dllm4j.engine;

import io.github.dllm4j.engine.denoise.Denoiser;
import io.github.dllm4j.engine.info.ConditionalCurve;
import io.github.dllm4j.engine.info.CurveNodes;
import io.github.dllm4j.engine.info.CurveSample;
import io.github.dllm4j.engine.sample.Canvas;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The curves of the last canvases, so that a text that is completed often is measured once. What is
 * measured depends on the canvas alone; remembering it changes no result. Safe for several threads.
 */
final class MeasuredCurves {
  private static final int KEPT = 64;
  private static final int SAMPLES = 8;
  private static final int NODES = 8;

  private final Map<List<Integer>, CurveSample> kept =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<List<Integer>, CurveSample> eldest) {
          return size() > KEPT;
        }
      };

  /**
   * The curves of a canvas with at least one hole; at most {@value #NODES} evaluations of {@value
   * #SAMPLES} samples.
   */
  CurveSample of(Denoiser denoiser, Canvas canvas) {
    List<Integer> key = Arrays.stream(canvas.tokens()).boxed().toList();
    synchronized (kept) {
      CurveSample known = kept.get(key);
      if (known != null) {
        return known;
      }
    }
    CurveNodes nodes = CurveNodes.even(canvas.holeCount(), NODES);
    CurveSample measured = ConditionalCurve.of(denoiser, canvas, nodes, SAMPLES, 0);
    synchronized (kept) {
      kept.put(key, measured);
    }
    return measured;
  }
}
