/** What is measured of models and texts: pure functions of text and model. */
@NullMarked
package io.github.dllm4j.eval.metrics;

import org.jspecify.annotations.NullMarked;
