/** Training: configuration, data, checkpoints, progress. */
@NullMarked
package io.github.dllm4j.engine.train;

import org.jspecify.annotations.NullMarked;
