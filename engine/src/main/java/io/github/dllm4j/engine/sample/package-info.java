/** The sampler loop and the plans it executes. */
@NullMarked
package io.github.dllm4j.engine.sample;

import org.jspecify.annotations.NullMarked;
