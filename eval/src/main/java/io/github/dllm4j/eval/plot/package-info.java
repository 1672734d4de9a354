/** Plots as PNG files. */
@NullMarked
package io.github.dllm4j.eval.plot;

import org.jspecify.annotations.NullMarked;
