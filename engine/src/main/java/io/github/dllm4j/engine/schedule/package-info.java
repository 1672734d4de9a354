/**
 * Noise schedules: total noise sigma(t) with its derivative.
 *
 * <p>{@link io.github.dllm4j.engine.schedule.NoiseSchedule} has the factories; {@link
 * io.github.dllm4j.engine.schedule.NoiseLevel} is what a schedule says at one time.
 */
@NullMarked
package io.github.dllm4j.engine.schedule;

import org.jspecify.annotations.NullMarked;
