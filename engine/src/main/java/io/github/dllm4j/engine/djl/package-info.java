/** The network and its training step on DJL; the only package that imports ai.djl. */
@NullMarked
package io.github.dllm4j.engine.djl;

import org.jspecify.annotations.NullMarked;
