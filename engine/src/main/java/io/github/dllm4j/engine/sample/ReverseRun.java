package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;
import java.util.Optional;

/** How far one reverse task has come: what it wants to ask next, and its tokens. */
interface ReverseRun extends SamplingRun.Part {

  /** The call it belongs to. */
  SamplingRun run();

  ReverseTask task();

  /** The noise level at which the network is to be asked. */
  double sigma();

  /** The sequence it is to be asked about, [length]; not changed by the caller. */
  int[] asked();

  /** The positions whose laws are wanted, ascending. */
  int[] positions();

  /**
   * The predictor step that comes next, if it is one: every token at {@link #positions} is drawn by
   * itself, and the laws are not needed afterwards.
   */
  default Optional<KernelMove> step() {
    return Optional.empty();
  }

  /** The keyed uniforms of that step, one for each of the positions. */
  default double[] uniforms() {
    throw new IllegalStateException("no predictor step is next");
  }

  /** Goes on with the tokens that the step has drawn at the positions, until it must ask again. */
  default StepEvent advance(NoiseProcess process, int[] drawn) {
    throw new IllegalStateException("no predictor step is next");
  }

  /** Goes on with the leave-one-out laws at the positions, until it must ask again. */
  StepEvent advance(NoiseProcess process, double[][] laws);
}
