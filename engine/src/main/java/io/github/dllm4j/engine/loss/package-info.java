/**
 * Training objectives in plain double, the references of the tensor versions, and the likelihood of
 * text: {@link io.github.dllm4j.engine.loss.LikelihoodEstimator} lists its estimators.
 */
@NullMarked
package io.github.dllm4j.engine.loss;

import org.jspecify.annotations.NullMarked;
