/**
 * Continuous-time Markov chains on one token: the noise processes and their reversal.
 *
 * <p>{@link io.github.dllm4j.engine.ctmc.NoiseProcess} is open; masking and uniform noise are the
 * two that ship. {@link io.github.dllm4j.engine.ctmc.ReverseKernel} goes back: the law of one token
 * after one reverse step; {@link io.github.dllm4j.engine.ctmc.TokenRates} are the rates of jumps at
 * one level.
 */
@NullMarked
package io.github.dllm4j.engine.ctmc;

import org.jspecify.annotations.NullMarked;
