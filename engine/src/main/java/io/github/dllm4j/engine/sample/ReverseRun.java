package io.github.dllm4j.engine.sample;

import io.github.dllm4j.engine.ctmc.NoiseProcess;

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

  /** Goes on with the leave-one-out laws at the positions, until it must ask again. */
  StepEvent advance(NoiseProcess process, double[][] laws);
}
