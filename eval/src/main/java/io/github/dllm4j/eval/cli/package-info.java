/**
 * The dllm command: thin commands over the engine. Results on stdout, everything else on stderr.
 */
@NullMarked
package io.github.dllm4j.eval.cli;

import org.jspecify.annotations.NullMarked;
