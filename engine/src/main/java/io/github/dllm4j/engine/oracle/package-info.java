/** Exact laws that stand in for a network. */
@NullMarked
package io.github.dllm4j.engine.oracle;

import org.jspecify.annotations.NullMarked;
