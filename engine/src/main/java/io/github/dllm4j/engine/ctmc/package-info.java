/**
 * Continuous-time Markov chains on one token: the noise processes.
 *
 * <p>{@link io.github.dllm4j.engine.ctmc.NoiseProcess} is open; masking and uniform noise are the
 * two that ship.
 */
@NullMarked
package io.github.dllm4j.engine.ctmc;

import org.jspecify.annotations.NullMarked;
