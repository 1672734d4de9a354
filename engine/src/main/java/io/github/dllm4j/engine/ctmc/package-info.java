/** Continuous-time Markov chains on one token: the noise processes. */
@NullMarked
package io.github.dllm4j.engine.ctmc;

import org.jspecify.annotations.NullMarked;
