/**
 * What the samplers ask and what a network, or an exact law in its place, answers.
 *
 * <p>{@link io.github.dllm4j.engine.denoise.Denoiser} takes a {@link
 * io.github.dllm4j.engine.denoise.TokenBatch} and the {@link io.github.dllm4j.engine.denoise.Rows}
 * one wants to know about, and returns one categorical law per row as {@link
 * io.github.dllm4j.engine.denoise.TokenLaws}. Nothing of size [batch, length, vocabulary] is ever
 * needed. An autoregressive model is a {@link io.github.dllm4j.engine.denoise.CausalModel}, with
 * the same laws.
 */
@NullMarked
package io.github.dllm4j.engine.denoise;

import org.jspecify.annotations.NullMarked;
