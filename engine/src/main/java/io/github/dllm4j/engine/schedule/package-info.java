/** Noise schedules: total noise sigma(t) with its derivative. */
@NullMarked
package io.github.dllm4j.engine.schedule;

import org.jspecify.annotations.NullMarked;
