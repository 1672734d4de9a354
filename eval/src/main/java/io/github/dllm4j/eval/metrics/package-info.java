/**
 * What is measured of models and texts: pure functions of text and model. A {@link
 * io.github.dllm4j.eval.metrics.Judge} says how likely texts are, {@link
 * io.github.dllm4j.eval.metrics.GenerativePerplexity} sums that up, {@link
 * io.github.dllm4j.eval.metrics.Diversity} says how varied they are.
 */
@NullMarked
package io.github.dllm4j.eval.metrics;

import org.jspecify.annotations.NullMarked;
