/**
 * How fast the engine is on this machine: what {@code dllm bench} measures, in sections that can be
 * run alone. All times are wall clock, all shares are of the matrix-product peak measured between
 * the same runs.
 */
@NullMarked
package io.github.dllm4j.eval.bench;

import org.jspecify.annotations.NullMarked;
