/**
 * Quality against steps: what {@code dllm steps} measures, cell by cell, and the files it leaves.
 *
 * <p>A {@link io.github.dllm4j.eval.steps.Study} says which cells there are and computes one at a
 * time; {@link io.github.dllm4j.eval.steps.StepsRun} keeps what is done, goes on after an
 * interruption and writes the report. There are two studies: {@link
 * io.github.dllm4j.eval.steps.OracleStudy} of known laws, without randomness, and {@link
 * io.github.dllm4j.eval.steps.ModelStudy} of a model's samples.
 */
@NullMarked
package io.github.dllm4j.eval.steps;

import org.jspecify.annotations.NullMarked;
